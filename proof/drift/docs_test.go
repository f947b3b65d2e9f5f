package drift_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// docsPage is the page that `make docs` builds from the contract.
const docsPage = repository + "/build/docs/index.html"

// checkDocs opens the page in a browser. The page must show the title, the version and a
// heading for each operation. It must not show empty images, report errors or send
// requests over the network.
func checkDocs(t *testing.T, contract *openapi3.T, page, screenshot string) findings {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	const script = repository + "/proof/contract-check/page.mjs"
	arguments := []string{script, repository + "/build/node/node_modules", chromium, page, screenshot}
	for _, op := range operations(contract) {
		route := "#/" + strings.ToLower(op.Tags[0]) + "/" + op.OperationID
		arguments = append(arguments, route+"="+op.Summary)
	}
	printed, err := run(t.Context(), ".", "node", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Title    string
		Heading  string
		Empty    []string
		Missing  []string
		Errors   []string
		Requests []string
	}
	if err := json.Unmarshal([]byte(printed), &seen); err != nil {
		t.Fatalf("decode the output of page.mjs: %v: %s", err, printed)
	}
	found := findings(slices.Concat(seen.Empty, seen.Missing, seen.Errors, seen.Requests))
	if seen.Title != contract.Info.Title {
		found.addf("the title is %q, want %q", seen.Title, contract.Info.Title)
	}
	if want := contract.Info.Title + " (" + contract.Info.Version + ")"; seen.Heading != want {
		found.addf("the heading is %q, want %q", seen.Heading, want)
	}
	return found
}

// TestDocs requires that checkDocs reports nothing about the page. It then compares a
// broken copy of the page with a changed contract, and requires that checkDocs reports
// each mistake in the copy and each difference from the contract.
func TestDocs(t *testing.T) {
	if os.Getenv("DOCS") == "" {
		t.Skip("`make docs` runs this test, which needs a browser")
	}
	text := readContract(t)
	contract := parse(t, text)
	screenshot := filepath.Join(filepath.Dir(docsPage), "screenshot.png")
	found := checkDocs(t, contract, docsPage, screenshot)
	found.report(t)

	built, err := os.ReadFile(docsPage)
	if err != nil {
		t.Fatal(err)
	}
	const blank = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
	// Scripts in the page also contain the text "</body>". The last occurrence closes the
	// body.
	end := strings.LastIndex(string(built), "</body>")
	broken := writeFile(t, "index.html", string(built)[:end]+`<script>console.error("a control")</script>`+
		`<img src="https://example.invalid/x.png"><img alt="blank" src="`+blank+`"></body></html>`)
	another := edit(t, text, "", "  title: Upvest", "  title: The Upvest")
	more := parse(t, edit(t, another, "", "summary: List portfolios orders", "summary: Orders of all"))
	found = checkDocs(t, more, broken, filepath.Join(t.TempDir(), "screenshot.png"))
	for _, want := range []string{
		"#/orders/list_portfolios_orders", "a control", "https://example.invalid/x.png", "the title is",
		"the heading is", "an empty image: blank",
	} {
		requireFinding(t, found, want)
	}
}
