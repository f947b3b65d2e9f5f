// Package drift compares openapi.yaml, the documented examples in it, the generated code,
// package api, the wrapper, the sandbox, the demo and the versioning policy with each
// other, so that a mistake in one of them shows on the day it is made.
//
// It consists of tests: a check reads the contract, reflects on the Go code or runs a
// program, and returns findings. Each finding is one line with the file, the mistake and
// what settles it. Each check has controls, mistakes that it has to find: a check that
// finds nothing there could not fail. What takes more than Go is run only by make check,
// make contract and make docs.
package drift
