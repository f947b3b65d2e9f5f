// Package supply checks the licences of all dependencies. It also requires that every
// build of a program produces the same bytes, that the command in each answer of
// docs/security.md selects a test, and that the commands in docs/unreleased.md work.
package supply
