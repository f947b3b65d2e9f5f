// Package drift compares openapi.yaml, the documented examples in it, the generated code,
// package api, the wrapper, the sandbox, the demo and the versioning policy with each
// other, so that a mistake in one of them is found when it is made.
//
// It consists of tests: a check reads the contract, reflects on the Go code or runs a
// program, and returns findings. Each finding is one line with the file, the mistake and
// what settles it. Each check has controls, which are mistakes that it has to find,
// because a check without findings may be unable to fail. Checks that need more than Go
// run only in make check, make contract and make docs.
package drift
