package addition_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// maxRuns is the largest number of times that a contributor may have to run
// `make contract`, including the run that passes.
const maxRuns = 3

// edit is a change that a contributor makes because of a finding.
type edit struct {
	name    string
	settles []string // each finding that requires the edit contains one of these strings
	apply   func(c clone)
}

func (e edit) isFor(finding string) bool {
	return slices.ContainsFunc(e.settles, func(part string) bool { return strings.Contains(finding, part) })
}

var findingLine = regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: (.*)$`)

// findingsOf returns the findings in the output of a run, without duplicates.
func findingsOf(printed string) []string {
	var findings []string
	for _, line := range findingLine.FindAllStringSubmatch(printed, -1) {
		findings = append(findings, line[1])
	}
	slices.Sort(findings)
	return slices.Compact(findings)
}

// editsFor returns the edits that the findings require, and the findings that no edit
// settles.
func editsFor(findings []string, edits []edit) (required []edit, unsettled []string) {
	for _, e := range edits {
		if slices.ContainsFunc(findings, e.isFor) {
			required = append(required, e)
		}
	}
	for _, finding := range findings {
		if !slices.ContainsFunc(edits, func(e edit) bool { return e.isFor(finding) }) {
			unsettled = append(unsettled, finding)
		}
	}
	return required, unsettled
}

// TestAdditionIsGuided adds an operation and a field to the contract in a copy of the
// repository, and generates the code again. It requires that the findings of
// `make contract` require all prepared edits, and no other edits. After these edits, the
// wrapper's tests must pass, and the files in listed and the output of completeRuns must
// contain the new operation.
func TestAdditionIsGuided(t *testing.T) {
	if os.Getenv("ADDITION") == "" {
		t.Skip("`make addition` runs this test, which takes minutes")
	}
	c := newClone(t)
	if found := listsWithout(c); len(found) != len(listed()) {
		t.Fatalf("before the addition, the files %q lack the new operation or version, want all %d files",
			found, len(listed()))
	}
	addToContract(c)
	c.must(".", "make", "generate")
	follow(t, c)
	c.must(".", "go", "test", "-count=1", "./wrapper/...")
	for _, list := range listsWithout(c) {
		t.Errorf("after the addition, %s still lacks the new operation or the new version", list)
	}
	for _, run := range completeRuns() {
		if printed := c.must(run.folder, run.command...); !strings.Contains(printed, operationID) {
			t.Errorf("%s did not call %s, want a call; the output is:\n%s", run.name, operationID, printed)
		}
	}
}

// follow runs `make contract` until the command passes, at most maxRuns times. After each
// failure, follow applies the prepared edits that the findings require.
func follow(t *testing.T, c clone) {
	t.Helper()
	left := preparedEdits()
	for number := 1; ; number++ {
		if number > maxRuns {
			t.Fatalf("`make contract` still failed after %d runs, want a run that passes", maxRuns)
		}
		start := time.Now()
		printed, err := c.try(".", "make", "contract")
		findings := findingsOf(printed)
		t.Logf("run %d of `make contract` reported %d findings in %s", number, len(findings),
			time.Since(start).Round(time.Second))
		if err == nil {
			break
		}
		required, unsettled := editsFor(findings, left)
		for _, finding := range unsettled {
			t.Errorf("no prepared edit settles this finding of `make contract`: %s", finding)
		}
		if len(required) == 0 {
			t.Fatalf("`make contract` failed, but no finding requires a prepared edit:\n%s", printed)
		}
		for _, e := range required {
			e.apply(c)
			left = slices.DeleteFunc(left, func(other edit) bool { return other.name == e.name })
		}
	}
	for _, e := range left {
		t.Errorf("no finding of `make contract` required the prepared edit of %s", e.name)
	}
}

// TestFindingsSelectEdits requires that editsFor returns only the edits that the findings
// require, and returns each finding that no edit settles.
func TestFindingsSelectEdits(t *testing.T) {
	printed := "--- FAIL: TestEverythingAgreesWithContract (0.1s)\n" +
		"        drift_test.go:35: wrapper: X has no method: add one\n" +
		"        drift_test.go:35: wrapper: X has no method: add one\n" +
		"    reach_test.go:9: examples: X is missing: call it\nFAIL\n"
	edits := []edit{
		{name: "method", settles: []string{"X has no method"}},
		{name: "version", settles: []string{"write 1.1.0"}},
	}
	required, unsettled := editsFor(findingsOf(printed), edits)
	if len(required) != 1 || required[0].name != "method" {
		t.Errorf("editsFor returned %d edits, want only the edit for the method", len(required))
	}
	if !slices.Equal(unsettled, []string{"examples: X is missing: call it"}) {
		t.Errorf("editsFor returned %q as the findings that no edit settles, "+
			"want only the finding about the examples", unsettled)
	}
}
