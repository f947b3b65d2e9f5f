package suites_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// suite returns the folder of the suite with the given name. The environment variable
// SUITES contains the path of the folder with all suites. If SUITES is not set, the
// function skips the test. If the suite is missing in this folder, the function skips the
// test, or fails it in CI.
func suite(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("SUITES") == "" {
		t.Skip("this test needs the files of public test suites; run it with `make suites`")
	}
	folder := filepath.Join(os.Getenv("SUITES"), name)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the suite %s is missing: %v: set SUITES to the folder that contains it", name, err)
		}
		t.Skipf("the suite %s is missing in %s: set SUITES to the folder that contains it", name, folder)
	}
	return folder
}

func readJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, value); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
}

// run is a run of a suite against the client, the sandbox or package api.
type run struct {
	name    string // name of the record in testdata
	cases   int
	differs map[string]string // description of each case that differs
}

// newRun returns a run without cases. The parameter `name` is the name of its record.
func newRun(name string) *run { return &run{name: name, differs: map[string]string{}} }

// add adds a case to the run. The parameter `got` describes how the case differs, and is
// empty if the case holds.
func (r *run) add(id, got string) {
	r.cases++
	if got != "" {
		r.differs[id] = got
	}
}

// record is the record of a run in testdata.
type record struct {
	cases   int
	reasons map[string]string // reason of each case that differs
}

// compare prints how many cases the run has and how many of them hold, and compares the
// run with its record.
func (r *run) compare(t *testing.T) {
	t.Helper()
	fmt.Printf("%-55s %5d cases, %5d hold\n", r.name, r.cases, r.cases-len(r.differs))
	file := filepath.Join("testdata", strings.ReplaceAll(r.name, " ", "-")+".txt")
	known, err := readRecord(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.cases != known.cases {
		t.Errorf("proof/suites/%s: the record has %d cases, but the run has %d: correct the line \"cases\"",
			file, known.cases, r.cases)
	}
	for id, got := range r.differs {
		if known.reasons[id] == "" {
			t.Errorf("%s: the case %q differs: %s: correct the code, or add the line "+
				"\"differs %s: REASON\" to proof/suites/%s", r.name, id, got, id, file)
		}
	}
	for id := range known.reasons {
		if _, differs := r.differs[id]; !differs {
			t.Errorf("proof/suites/%s: the case %q does not differ: remove its line", file, id)
		}
	}
}

// readRecord reads a record. Its lines have the form "cases 22" or "differs CASE:
// REASON". Empty lines, and comments that begin with "# ", have no effect.
func readRecord(file string) (record, error) {
	known := record{reasons: map[string]string{}}
	text, err := os.ReadFile(file)
	if err != nil {
		return known, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		kind, rest, _ := strings.Cut(line, " ")
		switch kind {
		case "", "#":
		case "cases":
			if _, err := fmt.Sscan(rest, &known.cases); err != nil {
				return known, fmt.Errorf("%s: the line %q has no number: %w", file, line, err)
			}
		case "differs":
			id, reason, found := strings.Cut(rest, ": ")
			if !found || reason == "" {
				return known, fmt.Errorf("%s: the line %q has no reason", file, line)
			}
			known.reasons[id] = reason
		default:
			return known, fmt.Errorf("%s: the line %q does not begin with \"cases\" or \"differs\"",
				file, line)
		}
	}
	return known, nil
}

// releasedRecords is the folder with the records of the last release.
const releasedRecords = "../released/suites"

// fewer compares the records in the folder `now` with the records in the folder
// `released`. It returns a finding for each record that is missing in `now`, and for each
// record in which fewer cases hold in `now` than in `released`.
func fewer(t *testing.T, released, now string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(released, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find the records of the last release: got %q (error %v), want at least 1", files, err)
	}
	var findings []string
	for _, file := range files {
		before, err := readRecord(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		after, err := readRecord(filepath.Join(now, name))
		switch {
		case os.IsNotExist(err):
			findings = append(findings, "proof/suites/testdata/"+name+": "+
				"the record is missing: restore it")
		case err != nil:
			t.Fatal(err)
		case after.hold() < before.hold():
			findings = append(findings, fmt.Sprintf("proof/suites/testdata/%s: %d cases hold, "+
				"but %d held at the last release: correct the code", name, after.hold(), before.hold()))
		}
	}
	return findings
}

func (r record) hold() int { return r.cases - len(r.reasons) }

// TestNoFewerCasesHoldThanReleased requires that in each record at least as many cases
// hold as in the same record of the last release, and that the function `fewer` finds
// records that break this rule.
func TestNoFewerCasesHoldThanReleased(t *testing.T) {
	t.Parallel()
	for _, finding := range fewer(t, releasedRecords, "testdata") {
		t.Error(finding)
	}
	released := t.TempDir()
	now := t.TempDir()
	for file, text := range map[string]string{
		filepath.Join(released, "lost.txt"):    "cases 3\n",
		filepath.Join(released, "missing.txt"): "cases 3\n",
		filepath.Join(released, "more.txt"):    "cases 3\ndiffers a: because\n",
		filepath.Join(now, "lost.txt"):         "cases 4\ndiffers a: because\ndiffers b: because\n",
		filepath.Join(now, "more.txt"):         "cases 4\ndiffers a: because\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := fewer(t, released, now)
	if len(got) != 2 || !strings.Contains(got[0], "lost.txt: 2 cases hold, but 3 held") ||
		!strings.Contains(got[1], "missing.txt: the record is missing") {
		t.Errorf("fewer returned the findings %q, want one for lost.txt and one for missing.txt", got)
	}
}

// TestRecordsAreReadAndCasesCounted requires that readRecord reads valid records and
// refuses invalid records, and that a run counts its cases.
func TestRecordsAreReadAndCasesCounted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "record.txt")
	text := "# a comment\ncases 3\ndiffers a case: because\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := readRecord(file)
	if err != nil || known.cases != 3 || known.reasons["a case"] != "because" {
		t.Errorf("readRecord returned %+v (error %v), want 3 cases and the reason \"because\"", known, err)
	}
	for _, bad := range []string{"cases many\n", "differs a case\n", "holds 4\n"} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readRecord(file); err == nil {
			t.Errorf("readRecord accepted the invalid record %q, want an error", bad)
		}
	}
	r := newRun("record")
	r.add("a", "")
	r.add("b", "the sandbox refuses the text")
	if got := slices.Sorted(maps.Keys(r.differs)); r.cases != 2 || !slices.Equal(got, []string{"b"}) {
		t.Errorf("the run counts %d cases, of which %q differ; want 2 cases, of which only \"b\" differs",
			r.cases, got)
	}
}
