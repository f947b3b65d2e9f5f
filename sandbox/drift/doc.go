// Package drift holds openapi.yaml, the documented examples in it, the generated code and package api against each other.
//
// It consists of tests: a check reads the contract, reflects on the Go code and returns what it finds wrong. Each check has controls,
// edits of the contract that it must find; a check that finds nothing in them could not fail.
package drift
