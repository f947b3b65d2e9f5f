// Package simulation tests that a client that runs for weeks recovers from failures and
// reports true outcomes. It simulates months of calls in virtual time while the network
// and the server fail. `make simulate` runs the simulation for 2,000 seeds.
package simulation
