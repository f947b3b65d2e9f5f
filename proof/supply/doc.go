// Package supply checks what a user of the modules and programs receives: the licences of
// all dependencies, and programs that anyone can build again bit for bit.
package supply
