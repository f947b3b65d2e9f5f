// Package simulation proves that the client recovers and never reports what is not true
// over weeks: it simulates a month of calls and of everything that can go wrong between a
// client and a server, in virtual time, many times over. `make simulate` runs it for
// 2,000 seeds.
package simulation
