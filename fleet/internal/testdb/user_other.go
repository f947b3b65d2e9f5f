//go:build !unix

package testdb

import "os/exec"

// giveAway does nothing: the server runs as the current user.
func giveAway(string) error { return nil }

// runUnprivileged does nothing: the server runs as the current user.
func runUnprivileged(*exec.Cmd) {}
