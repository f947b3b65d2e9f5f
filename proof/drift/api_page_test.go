package drift_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// apiPageFile is the page that lists every operation with its Go method.
const apiPageFile = repository + "/docs/api.md"

// apiPage returns the text that docs/api.md must contain.
func apiPage(contract *openapi3.T) string {
	var page strings.Builder
	page.WriteString("# API\n\n" +
		"Every operation of `openapi.yaml` (version " + contract.Info.Version + ") with its method of\n" +
		"`upvest.Client`. A test generates this page; do not edit it.\n")
	methods, _ := wrapperMethods(contract) // checkWrapper reports the discarded findings
	for _, tag := range contract.Tags {
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n\n", tag.Name, tag.Description)
		page.WriteString("| method | operation | scope |\n|---|---|---|\n")
		for _, op := range operations(contract) {
			if op.Tags[0] == tag.Name {
				fmt.Fprintf(&page, "| `%s` | %s `%s`: %s | %s |\n",
					methods[op.OperationID], op.verb, op.path, op.Summary, op.scopes())
			}
		}
	}
	page.WriteString("\n## Beyond one operation\n\n| method | effect |\n|---|---|\n" +
		"| `Allocations.All`, `Configurations.All`, `Orders.All` | reads a whole list, page by page |\n" +
		"| `Orders.Wait` | retrieves an order repeatedly until it is filled, settled or cancelled |\n" +
		"| `Client.Do` | calls an operation that has no method |\n")
	return page.String()
}

const regeneratePage = "run go test -run APIPage ./drift -update in proof/"

// checkAPIPage requires that docs/api.md is up to date with the contract and the wrapper.
func checkAPIPage(contract *openapi3.T) (found findings) {
	page, err := os.ReadFile(apiPageFile)
	if err != nil {
		found.addf("docs/api.md: %v: %s", err, regeneratePage)
		return found
	}
	if string(page) != apiPage(contract) {
		found.addf("docs/api.md: the page does not match openapi.yaml and wrapper/: %s", regeneratePage)
	}
	return found
}

// TestAPIPage requires that docs/api.md matches the contract and the wrapper, and that
// checkAPIPage reports a page that does not match.
func TestAPIPage(t *testing.T) {
	text := readContract(t)
	if *update {
		if err := os.WriteFile(apiPageFile, []byte(apiPage(parse(t, text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := checkAPIPage(parse(t, text))
	found.report(t)
	changed := edit(t, text, "", "summary: List portfolios orders", "summary: Orders of all")
	requireFinding(t, checkAPIPage(parse(t, changed)), "docs/api.md: the page does not match")
}
