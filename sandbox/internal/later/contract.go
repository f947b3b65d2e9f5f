// Package later describes later versions of the API, as far as Upvest has published them.
package later

import (
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"path"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// These are the scopes of account liquidations. A token that has only the scopes of
// portfolios cannot be used for account liquidations.
const (
	ScopeRead  = "account_liquidations:read"
	ScopeAdmin = "account_liquidations:admin"
)

// removedPath is the path that later versions replace with account liquidations.
const removedPath = "/portfolios/{account_id}/liquidation_request"

//go:embed later.yaml
var document []byte

// Extend turns the contract of openapi.yaml into the contract of later versions.
func Extend(doc *openapi3.T) error {
	added, err := load()
	if err != nil {
		return fmt.Errorf("read the embedded later.yaml: %w", err)
	}
	doc.Paths.Delete(removedPath)
	status := doc.Components.Schemas["OrderStatus"].Value
	status.Enum = append(status.Enum, "SETTLED")
	order := doc.Components.Schemas["Order"].Value
	fields := added.Components.Schemas["OrderFields"].Value
	order.Required = append(order.Required, fields.Required...)
	maps.Copy(order.Properties, fields.Properties)
	for at, item := range added.Paths.Map() {
		existing := doc.Paths.Value(at)
		if existing == nil {
			doc.Paths.Set(at, item)
			continue
		}
		for method, operation := range item.Operations() {
			existing.SetOperation(method, operation)
		}
	}
	for _, scheme := range doc.Components.SecuritySchemes {
		scopes := scheme.Value.Flows.ClientCredentials.Scopes
		scopes[ScopeRead] = "See liquidations of accounts"
		scopes[ScopeAdmin] = "Make, see and cancel liquidations of accounts"
	}
	return nil
}

// load reads the embedded later.yaml. It resolves the document's references to
// openapi.yaml with the embedded copy of openapi.yaml.
func load() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
		if path.Base(location.Path) == "openapi.yaml" {
			return contract.GetSpecJSON()
		}
		return document, nil
	}
	return loader.LoadFromURI(&url.URL{Path: "later.yaml"})
}
