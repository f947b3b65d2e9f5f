package drift_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// control is a mistake in the contract, with the finding that a check must report.
type control struct {
	name string
	// This field is nil if the test uses one check for all its controls.
	check func(*openapi3.T) findings
	after string // the edit replaces the first occurrence of `old` after this text
	old   string
	new   string
	want  string // text that one of the findings must contain
}

// edit returns the contract with the mistake.
func (c control) edit(t *testing.T, contract string) string {
	t.Helper()
	return edit(t, contract, c.after, c.old, c.new)
}

// requireFinding fails the test unless one of the findings contains `want`.
func requireFinding(t *testing.T, findings []string, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(findings, "\n"), want) {
		t.Errorf("got the findings %q, want one that contains %q", findings, want)
	}
}

// TestMistakesAreFound adds each mistake to a copy of the contract, and requires that the
// check for this mistake reports it.
func TestMistakesAreFound(t *testing.T) {
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

// edit returns a copy of the contract in which the replacement stands in place of the
// first occurrence of `old` after the anchor.
func edit(t *testing.T, contract, anchor, old, replacement string) string {
	t.Helper()
	start := strings.Index(contract, anchor)
	offset := strings.Index(contract[max(start, 0):], old)
	if start < 0 || offset < 0 {
		t.Fatalf("the contract has no %q after %q: update this control", old, anchor)
	}
	return contract[:start+offset] + replacement + contract[start+offset+len(old):]
}
