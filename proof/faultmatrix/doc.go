// Package faultmatrix proves that no call is carried out twice, lost or misreported. It
// applies every network fault to every operation, over real connections between the
// client and the sandbox. `make faults` prints the table.
package faultmatrix
