// Package later plays what is known of versions of the API after that of openapi.yaml.
package later

import (
	_ "embed"
	"fmt"
	"net/url"
	"path"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// Scopes of account liquidations, for which those of portfolios do not do.
const (
	ScopeRead  = "account_liquidations:read"
	ScopeAdmin = "account_liquidations:admin"
)

// gone is what account liquidations took the place of.
const gone = "/portfolios/{account_id}/liquidation_request"

//go:embed later.yaml
var document []byte

// Extend makes of the contract that of later versions.
func Extend(doc *openapi3.T) error {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
		if path.Base(location.Path) == "openapi.json" {
			return contract.GetSpecJSON()
		}
		return document, nil
	}
	added, err := loader.LoadFromURI(&url.URL{Path: "later.yaml"})
	if err != nil {
		return fmt.Errorf("read the embedded later.yaml: %w", err)
	}
	doc.Paths.Delete(gone)
	status := doc.Components.Schemas["OrderStatus"].Value
	status.Enum = append(status.Enum, "SETTLED")
	for at, item := range added.Paths.Map() {
		there := doc.Paths.Value(at)
		if there == nil {
			doc.Paths.Set(at, item)
			continue
		}
		for method, operation := range item.Operations() {
			there.SetOperation(method, operation)
		}
	}
	for _, scheme := range doc.Components.SecuritySchemes {
		scheme.Value.Flows.ClientCredentials.Scopes[ScopeRead] = "See liquidations of accounts"
		scheme.Value.Flows.ClientCredentials.Scopes[ScopeAdmin] = "Make, see and cancel liquidations of accounts"
	}
	return nil
}
