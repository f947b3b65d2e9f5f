// Package simulation holds the proof that the client heals and never lies over weeks: a simulated month of calls and of everything that goes
// wrong between a client and a server, in virtual time, many times over. `make simulate` runs it for 2,000 seeds.
package simulation
