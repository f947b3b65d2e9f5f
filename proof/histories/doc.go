// Package histories records the results of concurrent calls by several clients for the
// same orders, and checks these histories against a model with a linearizability checker.
// It shares no code with the judge of the simulation. `make histories` checks 2,000
// seeds.
package histories
