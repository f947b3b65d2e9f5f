//go:build generate

// Package tools holds the lines that `go generate ./...` runs. The generator is pinned in tools.mod, out of the module graph of importers;
// such a file works only without the workspace.
package tools

//go:generate env GOWORK=off go tool -modfile=tools.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool -modfile=tools.mod oapi-codegen -config sandbox/oapi-codegen.yaml openapi.yaml
