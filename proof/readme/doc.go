// Package readme compares the README and docs/ with the code. It builds and runs the
// program of the README, and compares the table of errors with the errors of the client.
// All other Go code in the documents must occur word for word in tested code, and all
// commands must refer to targets, packages and files that exist.
package readme
