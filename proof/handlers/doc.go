// Package handlers checks that the sandbox has a handler for each operation of its
// generated interface. The sandbox does not compile while a handler is missing. The check
// imports no package of the repository, so it compiles even then and can report which
// handlers are missing.
package handlers
