// Package faultmatrix holds the proof that no call is doubled, lost or misreported: every fault of a network meets every operation, over
// real connections between the wrapper and the sandbox. `make faults` prints the table.
package faultmatrix
