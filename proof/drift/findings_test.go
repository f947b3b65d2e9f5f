package drift_test

import (
	"fmt"
	"slices"
	"testing"
)

// findings are the results of a check. Most findings are one line with the file, the
// mistake and the remedy.
type findings []string

func (f *findings) addf(format string, values ...any) {
	*f = append(*f, fmt.Sprintf(format, values...))
}

// addSets compares two sets. It reports each element of `want` that `got` lacks as
// missing, and each element of `got` that `want` lacks as unexpected.
func (f *findings) addSets(where string, want, got []string, remedy string) {
	for _, name := range want {
		if !slices.Contains(got, name) {
			f.addf("%s: %s is missing: %s", where, name, remedy)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			f.addf("%s: %s is unexpected: %s", where, name, remedy)
		}
	}
}

// report fails the test and prints each finding once, in a stable order.
func (f *findings) report(t *testing.T) {
	t.Helper()
	list := slices.Sorted(slices.Values(*f))
	for _, finding := range slices.Compact(list) {
		t.Error(finding)
	}
}
