// Package simulation proves that the client recovers and always reports true outcomes
// over weeks. It simulates many months of calls in virtual time, with everything that can
// go wrong between a client and a server. `make simulate` runs it for 2,000 seeds.
package simulation
