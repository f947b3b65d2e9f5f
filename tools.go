//go:build generate

// Package tools holds the lines that `go generate ./...` runs. The generator is pinned in tools.mod, out of the module graph of importers.
package tools

//go:generate go tool -modfile=tools.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate go tool -modfile=tools.mod oapi-codegen -config sandbox/oapi-codegen.yaml openapi.yaml
