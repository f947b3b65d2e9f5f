// Package api holds the value types that the generated code uses for decimals,
// identifiers and unknown fields.
//
// overlay.yaml, next to this file, maps the contract to these types.
package api
