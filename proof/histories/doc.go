// Package histories lets several clients make concurrent calls for the same orders. It
// records the calls and their results as a history, one for each seed. A linearizability
// checker compares each history with a model. Apart from package operations, the package
// shares no code with the simulation's judge. `make histories` checks the histories of
// 2,000 seeds.
package histories
