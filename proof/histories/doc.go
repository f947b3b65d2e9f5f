// Package histories lets several clients make concurrent calls for the same orders. It
// records the calls and their results as a history, one for each seed. A linearizability
// checker compares each history with a model. Of the packages in proof/, this package and
// the simulation's judge share only package operations. `make histories` checks the
// histories of 2,000 seeds.
package histories
