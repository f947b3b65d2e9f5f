// Package suites runs public test suites against the client and the sandbox, through
// their public API or over HTTP. `make suites` prints how many cases each suite has and
// how many hold. SUITES names the folder with the suites. (Wycheproof runs in the package
// of the sandbox that verifies signatures.)
//
// testdata has a record for each run of a suite: the selection of cases, their number,
// and each case that differs, with the reason. The test fails for a case that differs
// without a record, and for a recorded case that holds. proof/released/suites has the
// records of the last release, and no run may hold in fewer cases than there.
package suites
