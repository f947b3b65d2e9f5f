// Package handlers checks that the sandbox has a handler for each operation of its
// generated interface. It imports no package of the repository, because it has to report
// a missing handler even though the sandbox does not compile without it.
package handlers
