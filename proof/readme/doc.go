// Package readme compares the README and docs/ with the code. The README's program is
// built and run as printed, its error table is compared with the errors of the client,
// every other piece of Go occurs word for word in tested code, and every command refers
// to targets, packages and files that exist.
package readme
