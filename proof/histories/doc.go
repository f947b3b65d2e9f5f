// Package histories judges what several clients reported about the same orders, with a
// linearizability checker and a model that share no code with the simulation's judge.
// `make histories` does so for 2,000 seeds.
package histories
