// Package languages runs the integration tests in Python and JavaScript on the sandbox.
// They must pass, and they must fail if their signing code is wrong.
package languages
