// Package changinglist contains a property test that reads a list to its end while rows
// are added and removed.
package changinglist
