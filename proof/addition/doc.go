// Package addition measures how much work an addition to the contract takes. It adds an
// operation and a field to the contract in a copy of the repository. Then it runs
// `make contract` until the command passes, and applies a prepared edit for each finding.
package addition
