// Package suites runs public test suites against the client and the sandbox, through
// their public API or over HTTP. `make suites` prints the number of cases of each suite,
// and how many of them hold. SUITES is the folder with the suites. (The suite Wycheproof
// runs in the package of the sandbox that verifies signatures.) testdata contains a
// record for each run of a suite: the selection of cases, their number, and each case
// that differs, with the reason. A test fails if a case differs that is not in the
// record, or if a case holds that the record lists. proof/released/suites contains the
// records of the last release. No run may have fewer cases that hold than its record
// there.
package suites
