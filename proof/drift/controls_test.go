package drift_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// control is a mistake in the contract, with the finding that a check has to report.
type control struct {
	name  string
	check func(*openapi3.T) findings // nil if its test has one check for all controls
	after string                     // the edit is at the first old text after it
	old   string
	new   string
	want  string // in one of the findings
}

// edit returns the contract with the mistake in it.
func (c control) edit(t *testing.T, contract string) string {
	t.Helper()
	return edit(t, contract, c.after, c.old, c.new)
}

// requireFinding fails the test unless one of the findings contains the text.
func requireFinding(t *testing.T, findings []string, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(findings, "\n"), want) {
		t.Errorf("want a finding with %q, got %q", want, findings)
	}
}

// TestControls makes each kind of mistake in the contract and requires its check to find
// it.
func TestControls(t *testing.T) {
	t.Parallel()
	withoutRaceDetector(t)
	contract := readContract(t)
	all := slices.Concat(contractControls, generatedControls, exampleControls, operationControls)
	for _, control := range all {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			requireFinding(t, control.check(parse(t, control.edit(t, contract))), control.want)
		})
	}
}

// edit replaces the first occurrence of old that follows after.
func edit(t *testing.T, contract, after, old, replacement string) string {
	t.Helper()
	start := strings.Index(contract, after)
	offset := strings.Index(contract[max(start, 0):], old)
	if start < 0 || offset < 0 {
		t.Fatalf("the contract has no %q after %q: update the texts of this control", old, after)
	}
	return contract[:start+offset] + replacement + contract[start+offset+len(old):]
}
