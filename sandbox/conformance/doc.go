// Package conformance tests the sandbox against Upvest's documentation. The tests start
// the program and send it requests over TCP. They build and sign the requests to the API
// byte by byte, without a client, generated code or a library for signatures.
package conformance
