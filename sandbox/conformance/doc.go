// Package conformance holds the tests that hold the sandbox against the documents. They
// run the program and talk to it over TCP with requests that they put together and sign
// by hand, byte for byte: no client, no generated code and no library for signatures.
package conformance
