// Package faultmatrix tests that no call takes effect twice, and that every call reports
// its true outcome. It applies each fault to each operation, over real connections
// between the client and the sandbox. `make faults` prints the results as a table.
package faultmatrix
