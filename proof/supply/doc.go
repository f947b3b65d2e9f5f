// Package supply checks the licences of the modules that are compiled into the released
// modules. It also requires that two builds of each program produce the same bytes, that
// each answer in docs/security.md has one command, that the `-run` patterns of these
// commands select tests, and that the commands for a checkout in docs/unreleased.md work.
package supply
