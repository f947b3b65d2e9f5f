// Package addition tests that `make contract` names the changes that an addition to the
// contract requires. It adds an operation and a field to the contract in a copy of the
// repository, and then runs `make contract` until the command passes, at most three
// times. After each failure, it applies the prepared edits that the findings require.
package addition
