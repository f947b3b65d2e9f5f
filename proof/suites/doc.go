// Package suites runs public test suites against the client, the sandbox and package api,
// through their public API or over HTTP. A run is one suite, or a part of a suite,
// against one of these. In this package, a case "holds" if it has the result that the
// suite expects, and "differs" otherwise. For each run, `make suites` prints the number
// of cases and how many of them hold. The environment variable SUITES contains the path
// of the folder with the suites; only decTest comes from a Go module. The suite
// Wycheproof is not run here, but in the package of the sandbox that verifies signatures.
//
// The folder testdata contains a record of each run: which cases were selected, how many
// there are, and which of them differ, with a reason for each. A test fails if the number
// of cases differs from the record, if a case that differs is not listed in the record,
// or if a listed case does not differ. The folder proof/released/suites contains the
// records of the last release. In each record, at least as many cases must hold as in the
// same record of the last release.
package suites
