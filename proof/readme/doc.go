// Package readme compares the README and docs/ with the code. It builds and runs the
// program of the README, and compares the table of errors with the errors of the client.
// Each block of Go code in the documents must occur in a Go file of the repository, apart
// from its indentation. The make, go, cd and cp commands in the documents must name
// targets, packages, folders and files that exist.
package readme
