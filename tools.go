//go:build generate

// Package tools holds the lines that `go generate ./...` runs. The module in tools/ pins
// the generator and keeps its dependencies away from importers. -modfile works only
// outside the workspace.
package tools

//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config sandbox/oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config sandbox/internal/later/oapi-codegen.yaml sandbox/internal/later/later.yaml
