// Package languages runs the integration tests of examples/python and examples/node
// against the sandbox. The tests must pass with the clients in these folders. They must
// fail with copies of these clients in which this package has broken the signing code.
package languages
