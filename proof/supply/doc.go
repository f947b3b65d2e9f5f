// Package supply checks the licences of all dependencies of the modules, and that
// programs can be built again bit for bit.
package supply
