// Package addition measures the work for an addition to the contract. It adds an
// operation and a field to a copy of the repository. Then it applies a prepared edit for
// each finding of `make contract`.
package addition
