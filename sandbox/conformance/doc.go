// Package conformance tests the sandbox against Upvest's documents. The tests run the
// program and send it requests over TCP that they build and sign byte for byte, without a
// client, generated code or a library for signatures.
package conformance
