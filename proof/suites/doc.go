// Package suites runs public test suites against the client and the sandbox, through
// their public API or over HTTP. In this package, a case "holds" if it has the result
// that the suite expects, and "differs" otherwise. `make suites` prints how many cases of
// each suite it ran, and how many of these cases hold. The variable SUITES contains the
// path of the folder with the suites. The suite Wycheproof is not run here, but in the
// package of the sandbox that verifies signatures.
//
// The folder testdata contains a record for each run of a suite: which cases were
// selected, how many there are, and which of them differ, with a reason for each. A test
// fails if a case that differs is not listed in the record, or if a listed case holds.
// The folder proof/released/suites contains the records of the last release. In each run,
// at least as many cases must hold as in the record of the last release.
package suites
