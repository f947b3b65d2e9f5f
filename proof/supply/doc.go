// Package supply checks the licences of all dependencies, and that every build of a
// program produces the same bytes.
package supply
