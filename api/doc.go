// Package api says in Go what openapi.yaml says in JSON: the value types that the generated code uses for decimals and identifiers.
//
// The overlay beside this file maps the contract to these types; see overlay.yaml.
package api
