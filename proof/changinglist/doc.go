// Package changinglist holds the property test of reading a list to its end while rows
// come and go.
package changinglist
