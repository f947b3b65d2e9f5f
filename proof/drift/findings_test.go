package drift_test

import (
	"fmt"
	"slices"
	"testing"
)

// findings are the reports of a check. Each is one line: the file, the mistake, and the
// command or the line that settles it.
type findings []string

func (f *findings) addf(format string, values ...any) {
	*f = append(*f, fmt.Sprintf(format, values...))
}

// addSets reports the elements that are in only one of two sets. settle is the remedy.
func (f *findings) addSets(where string, want, got []string, settle string) {
	for _, name := range want {
		if !slices.Contains(got, name) {
			f.addf("%s: %s is missing: %s", where, name, settle)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			f.addf("%s: %s is unexpected: %s", where, name, settle)
		}
	}
}

// report fails the test with each finding once, in a stable order.
func (f *findings) report(t *testing.T) {
	t.Helper()
	list := slices.Sorted(slices.Values(*f))
	for _, finding := range slices.Compact(list) {
		t.Error(finding)
	}
}
