// Package languages runs the integration tests of examples/python and examples/node
// against the sandbox. The tests must pass with the clients in these folders, and must
// fail with copies of the clients whose signing code this package has broken.
package languages
