// Package handlers checks that the sandbox has a handler for each operation of its
// generated interface. It imports no package of the repository, so that it can report a
// missing handler, without which the sandbox does not compile.
package handlers
