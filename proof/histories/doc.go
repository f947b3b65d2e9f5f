// Package histories records the results of concurrent calls that several clients make for
// the same orders. A linearizability checker then compares each history with a model. The
// package shares no code with the simulation's judge. `make histories` checks the
// histories of 2,000 seeds.
package histories
