// Package faultmatrix proves that no call is doubled, lost or misreported: every fault of
// a network meets every operation, over real connections between the client and the
// sandbox. `make faults` prints the table.
package faultmatrix
