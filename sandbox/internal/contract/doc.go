// Package contract is the server code that oapi-codegen generates from the full
// openapi.yaml, including headers.
package contract
