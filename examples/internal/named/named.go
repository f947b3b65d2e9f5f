// Package named gives the tests of the examples a sandbox that the UPVEST_API_* variables
// name.
package named

import (
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// Sandbox starts a sandbox and sets the variables to reach it until the test ends. A
// response that breaks the contract fails the test.
func Sandbox(t *testing.T, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	server := sandbox.Start(t, options...)
	server.Setenv(t)
	return server
}
