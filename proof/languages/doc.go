// Package languages runs the integration tests of examples/python and examples/node
// against the sandbox. These tests must pass as they are, and must fail after the signing
// code has been broken.
package languages
