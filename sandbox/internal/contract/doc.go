// Package contract is the server side that oapi-codegen makes of the full openapi.yaml,
// headers included.
package contract
