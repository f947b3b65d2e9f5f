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

// docsPage is what make docs builds of the contract.
const docsPage = repository + "/build/docs/index.html"

// checkDocs looks at the page in a browser: its title, a heading for each operation, no
// error, and nothing loaded from elsewhere.
func checkDocs(t *testing.T, contract *openapi3.T, page, screenshot string) []string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{
		repository + "/proof/contract-check/page.mjs",
		repository + "/build/node/node_modules",
		chromium,
		page,
		screenshot,
	}
	for _, op := range operations(contract) {
		arguments = append(arguments, "#/"+strings.ToLower(op.Tags[0])+"/"+op.OperationID+"="+op.Summary)
	}
	printed, err := run(t.Context(), ".", "node", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Title                     string
		Missing, Errors, Requests []string
	}
	if err := json.Unmarshal([]byte(printed), &seen); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	findings := slices.Concat(seen.Missing, seen.Errors, seen.Requests)
	if seen.Title != contract.Info.Title {
		findings = append(findings, "the title is "+seen.Title)
	}
	return findings
}

func TestDocs(t *testing.T) {
	if os.Getenv("DOCS") == "" {
		t.Skip("make docs runs this: it takes a browser")
	}
	text := readContract(t)
	contract := parse(t, text)
	for _, finding := range checkDocs(t, contract, docsPage, filepath.Dir(docsPage)+"/screenshot.png") {
		t.Error(finding)
	}
	built, err := os.ReadFile(docsPage)
	if err != nil {
		t.Fatal(err)
	}
	end := strings.LastIndex(string(built), "</body>") // the scripts in the page have others
	broken := writeFile(t, "index.html", string(built)[:end]+
		`<script>console.error("a control")</script><img src="https://example.invalid/x.png"></body></html>`)
	another := edit(t, text, "", "  title: Upvest", "  title: The Upvest")
	more := parse(t, edit(t, another, "", "summary: List portfolios orders", "summary: Orders of all"))
	findings := strings.Join(checkDocs(t, more, broken, filepath.Join(t.TempDir(), "screenshot.png")), "\n")
	for _, want := range []string{"#/orders/list_portfolios_orders", "a control", "https://example.invalid/x.png", "the title is"} {
		if !strings.Contains(findings, want) {
			t.Errorf("a broken page: want a finding with %q, got %s", want, findings)
		}
	}
}
