// Package simulation tests that the client recovers from failures and reports true
// outcomes over weeks. It simulates months of calls in virtual time, while the network
// and the server fail. `make simulate` runs it for 2,000 seeds.
package simulation
