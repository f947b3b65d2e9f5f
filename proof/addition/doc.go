// Package addition measures how much work an addition to the contract is. In a copy of
// the repository, it adds an operation and a field. Then it settles each finding of `make
// contract` with an edit that is prepared here.
package addition
