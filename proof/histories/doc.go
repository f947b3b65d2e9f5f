// Package histories checks the reports of several clients about the same orders, with a
// linearizability checker and a model. It shares no code with the judge of the
// simulation. `make histories` checks 2,000 seeds.
package histories
