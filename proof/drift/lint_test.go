package drift_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linted is Redocly CLI's report on a contract.
type linted struct {
	Totals   struct{ Ignored int }
	Problems []lintProblem
}

type lintProblem struct {
	RuleID   string `json:"ruleId"`
	Message  string
	Location []struct{ Pointer string }
}

// lint runs Redocly CLI once for all the contracts, because the program takes seconds to
// start. lint returns one report for each contract.
func lint(t *testing.T, program string, contracts ...string) []linted {
	t.Helper()
	// If Redocly CLI finds problems, it exits with an error and writes to standard output
	// and standard error. The script redirects only standard output to the file.
	output := filepath.Join(t.TempDir(), "reports.json")
	const script = `output=$1; config=$2; shift 2
exec "$0" lint --config "$config" --format=json "$@" > "$output"`
	const config = "proof/contract-check/redocly.yaml"
	arguments := append([]string{"-c", script, program, output, config}, contracts...)
	printed, errRun := run(t.Context(), repository, "sh", arguments...)
	text, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	var reports []linted
	decoder := json.NewDecoder(bytes.NewReader(text))
	for decoder.More() {
		var report linted
		if err := decoder.Decode(&report); err != nil {
			t.Fatalf("decode the reports of Redocly CLI: %v; its run ended with the error %v:\n%s%s",
				err, errRun, printed, text)
		}
		reports = append(reports, report)
	}
	if len(reports) != len(contracts) {
		t.Fatalf("Redocly CLI printed %d reports, want one for each of %d contracts; "+
			"its run ended with the error %v",
			len(reports), len(contracts), errRun)
	}
	return reports
}

// TestContractPassesLint requires that Redocly CLI reports no problem in openapi.yaml,
// and ignores as many problems as the list of ignored problems has entries.
func TestContractPassesLint(t *testing.T) {
	t.Parallel()
	report := lint(t, nodeProgram(t, "redocly"), "openapi.yaml")[0]
	for _, problem := range report.Problems {
		t.Errorf("openapi.yaml: %s: %s (%s)",
			problem.RuleID, problem.Message, problem.Location[0].Pointer)
	}
	ignores, err := os.ReadFile(filepath.Join(repository, "proof/contract-check/.redocly.lint-ignore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(string(ignores), "- '#/"); report.Totals.Ignored != want {
		t.Errorf("proof/contract-check/.redocly.lint-ignore.yaml: the file has %d entries, "+
			"but Redocly CLI ignored %d problems, want equal numbers: "+
			"remove the entries that match no problem", want, report.Totals.Ignored)
	}
}

const keyReference = "        - $ref: '#/components/parameters/IdempotencyKey'\n"

// lintControls are mistakes in the contract, each with the name of the rule that must
// find the mistake.
var lintControls = []control{
	{
		name:  "a path without a common header",
		want:  "house/common-headers-on-paths",
		after: "  /portfolios/orders:",
		old:   "      - $ref: '#/components/parameters/UpvestAPIVersion'\n",
	},
	{
		name: "a common header with a misspelled name",
		want: "house/common-headers-on-paths",
		old:  "name: signature-input",
		new:  "name: signature-inputs",
	},
	{
		name:  "a POST without an idempotency key",
		want:  "house/idempotency-key",
		after: "operationId: create_portfolios_order",
		old:   keyReference,
	},
	{
		name:  "a PATCH without an idempotency key",
		want:  "house/idempotency-key",
		after: "operationId: update_portfolios_configuration",
		old:   keyReference,
	},
	{
		name:  "a PUT with an idempotency key",
		want:  "house/idempotency-key",
		after: "operationId: update_portfolios_allocation",
		old:   "      parameters:\n",
		new:   "      parameters:\n" + keyReference,
	},
	{
		name:  "an idempotency key on the path item",
		want:  "house/idempotency-key",
		after: "  /portfolios/orders:",
		old:   "    parameters:\n",
		new:   "    parameters:\n" + keyReference[2:],
	},
	{
		name:  "an operation without scopes",
		want:  "house/scopes",
		after: "operationId: cancel_portfolios_order",
		old:   "      security:\n        - oauth-client-credentials: ['portfolios:admin']\n",
	},
	{
		name:  "an empty list of scopes",
		want:  "house/scopes",
		after: "operationId: cancel_portfolios_order",
		old:   "['portfolios:admin']",
		new:   "[]",
	},
	{
		name:  "an operation that needs no credentials",
		want:  "house/scopes",
		after: "operationId: list_portfolios_orders",
		old:   "security:",
		new:   "security:\n        - {}",
	},
	{
		name:  "a success without a request id",
		want:  "house/request-id",
		after: "operationId: retrieve_portfolios_order",
		old:   "upvest-request-id:",
		new:   "x-id:",
	},
	{
		name:  "an error without a request id",
		want:  "house/request-id",
		after: "    NotFound:",
		old:   "upvest-request-id:",
		new:   "x-id:",
	},
	{
		name:  "a request without an example",
		want:  "house/body-examples",
		after: "operationId: create_portfolios_order",
		old:   "examples:",
		new:   "x-examples:",
	},
	{
		name:  "a response without an example",
		want:  "house/body-examples",
		after: "operationId: retrieve_portfolios_order",
		old:   "examples:",
		new:   "x-examples:",
	},
	{
		name:  "an error without an example",
		want:  "house/body-examples",
		after: "    NotFound:",
		old:   "example:",
		new:   "x-example:",
	},
	{
		name:  "a problem without additional properties",
		want:  "house/open-objects",
		after: "    Problem:\n      type: object",
		old:   "additionalProperties: true",
		new:   "additionalProperties: false",
	},
	{
		name:  "a request without additional properties",
		want:  "house/open-objects",
		after: "    OrderRequest:",
		old:   "properties:",
		new:   "additionalProperties: false\n      properties:",
	},
	{
		name: "a reference to a missing component",
		want: "no-unresolved-refs",
		old:  "#/components/responses/NotFound",
		new:  "#/components/responses/Lost",
	},
}

// TestLintFindsMistakes adds each mistake to a copy of the contract, and requires that
// Redocly CLI reports the mistake.
func TestLintFindsMistakes(t *testing.T) {
	t.Parallel()
	program := nodeProgram(t, "redocly")
	contract := readContract(t)
	files := make([]string, len(lintControls))
	for i, control := range lintControls {
		files[i] = writeFile(t, "openapi.yaml", control.edit(t, contract))
	}
	for i, report := range lint(t, program, files...) {
		t.Run(lintControls[i].name, func(t *testing.T) {
			t.Parallel()
			var rules []string
			for _, problem := range report.Problems {
				rules = append(rules, problem.RuleID)
			}
			requireFinding(t, rules, lintControls[i].want)
		})
	}
}
