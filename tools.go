//go:build generate

// Package tools contains the commands that `go generate ./...` runs. The module in tools/
// pins the generator and keeps its dependencies away from importers. GOWORK=off is
// needed because -modfile does not work in a workspace.
package tools

//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config sandbox/oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool -modfile=tools/go.mod oapi-codegen -config sandbox/internal/later/oapi-codegen.yaml sandbox/internal/later/later.yaml
