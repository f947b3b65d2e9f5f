// Package drift holds openapi.yaml, the documented examples in it, the generated code,
// package api, the wrapper, the sandbox, the demo and the policy of versions against each
// other, so that a mistake in one of them shows on the day it is made.
//
// It consists of tests: a check reads the contract, reflects on the Go code or runs a
// program, and returns what it finds wrong. Each check has controls, bad input in which
// it must find something; a check that finds nothing there could not fail. What takes
// more than Go is run by make check, make contract and make docs only.
package drift
