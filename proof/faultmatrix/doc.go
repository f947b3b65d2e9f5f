// Package faultmatrix tests that no call takes effect twice, and that every call reports
// its true outcome. It applies each fault to each operation. The client and the sandbox
// communicate over TCP, or in memory if the fault makes a response slower than a
// timeout. `make faults` prints the results as a table.
package faultmatrix
