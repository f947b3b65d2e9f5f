// Package readme holds the README to the code: its program is built and run as printed,
// and each of its other pieces of Go stands word for word in code that is tested, most of
// it in the tests of this package.
package readme
