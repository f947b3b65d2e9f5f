// Package named starts a sandbox for the tests of the examples, and sets the UPVEST_API_*
// variables to the sandbox's address and credentials.
package named

import (
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// Sandbox starts a sandbox, and sets the UPVEST_API_* variables to the sandbox's address
// and credentials until the test ends. A response that does not match the contract fails
// the test.
func Sandbox(t *testing.T, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	server := sandbox.Start(t, options...)
	server.Setenv(t)
	return server
}
