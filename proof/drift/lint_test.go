package drift_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linted is what Redocly CLI says of a contract under redocly.yaml.
type linted struct {
	Totals   struct{ Ignored int }
	Problems []struct {
		RuleID   string `json:"ruleId"`
		Message  string
		Location []struct{ Pointer string }
	}
}

func lint(t *testing.T, program, contract string) linted {
	t.Helper()
	// It fails if there are problems, and prints to two streams.
	report := filepath.Join(t.TempDir(), "report.json")
	script := `"$0" lint "$1" --config proof/contract-check/redocly.yaml --format=json > "$2"`
	printed, errRun := run(t.Context(), repository, "sh", "-c", script, program, contract, report)
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var result linted
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatalf("%v: %s%s", errRun, printed, text)
	}
	if errRun != nil && len(result.Problems) == 0 {
		t.Fatal(errRun)
	}
	return result
}

func TestContractIsLinted(t *testing.T) {
	t.Parallel()
	program := nodeProgram(t, "redocly")
	result := lint(t, program, "openapi.yaml")
	for _, problem := range result.Problems {
		t.Errorf("%s: %s (%s)", problem.RuleID, problem.Message, problem.Location[0].Pointer)
	}
	ignores, err := os.ReadFile(filepath.Join(repository, "proof/contract-check/.redocly.lint-ignore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(string(ignores), "- '#/"); result.Totals.Ignored != want {
		t.Errorf("%d places are silenced, %d of them need it", want, result.Totals.Ignored)
	}
}

func TestBadContractsAreLinted(t *testing.T) {
	t.Parallel()
	program := nodeProgram(t, "redocly")
	contract := readContract(t)
	const key = "        - $ref: '#/components/parameters/IdempotencyKey'\n"
	for _, control := range []struct{ name, rule, after, old, new string }{
		{
			"a path without a header", "house/common-headers-on-paths", "  /portfolios/orders:",
			"      - $ref: '#/components/parameters/UpvestAPIVersion'\n", "",
		},
		{"a common header of another name", "house/common-headers-on-paths", "", "name: signature-input", "name: signature-inputs"},
		{"a POST without a key", "house/idempotency-key", "operationId: create_portfolios_order", key, ""},
		{"a PATCH without a key", "house/idempotency-key", "operationId: update_portfolios_configuration", key, ""},
		{
			"a PUT with a key", "house/idempotency-key", "operationId: update_portfolios_allocation",
			"      parameters:\n", "      parameters:\n" + key,
		},
		{"a key for a whole path", "house/idempotency-key", "  /portfolios/orders:", "    parameters:\n", "    parameters:\n" + key[2:]},
		{
			"no scopes", "house/scopes", "operationId: cancel_portfolios_order",
			"      security:\n        - oauth-client-credentials: ['portfolios:admin']\n", "",
		},
		{"an empty list of scopes", "house/scopes", "operationId: cancel_portfolios_order", "['portfolios:admin']", "[]"},
		{"nobody asked who calls", "house/scopes", "operationId: list_portfolios_orders", "security:", "security:\n        - {}"},
		{"a success without a request id", "house/request-id", "operationId: retrieve_portfolios_order", "upvest-request-id:", "x-id:"},
		{"an error without a request id", "house/request-id", "    NotFound:", "upvest-request-id:", "x-id:"},
		{"a request without an example", "house/body-examples", "operationId: create_portfolios_order", "examples:", "x-examples:"},
		{"an answer without an example", "house/body-examples", "operationId: retrieve_portfolios_order", "examples:", "x-examples:"},
		{"an error without an example", "house/body-examples", "    NotFound:", "example:", "x-example:"},
		{
			"a closed problem", "house/open-objects", "    Problem:\n      type: object",
			"additionalProperties: true", "additionalProperties: false",
		},
		{"a closed request", "house/open-objects", "    OrderRequest:", "properties:", "additionalProperties: false\n      properties:"},
		{"what any contract may not have", "no-unresolved-refs", "", "#/components/responses/NotFound", "#/components/responses/Lost"},
	} {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			bad := writeFile(t, "openapi.yaml", edit(t, contract, control.after, control.old, control.new))
			for _, problem := range lint(t, program, bad).Problems {
				if problem.RuleID == control.rule {
					return
				}
			}
			t.Errorf("%s does not find it", control.rule)
		})
	}
}
