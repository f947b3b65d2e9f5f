package drift_test

import (
	"fmt"
	"slices"
	"testing"
)

// findings are what a check reports. Each is one line: the file, what is wrong in it, and
// the command or the line that settles it.
type findings []string

func (f *findings) addf(format string, values ...any) {
	*f = append(*f, fmt.Sprintf(format, values...))
}

// addSets reports what is only in one of two sets. settle tells what to do about it.
func (f *findings) addSets(where string, want, got []string, settle string) {
	for _, name := range want {
		if !slices.Contains(got, name) {
			f.addf("%s: %s is missing: %s", where, name, settle)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			f.addf("%s: %s is left over: %s", where, name, settle)
		}
	}
}

// report fails the test with each finding, in a stable order and once.
func (f *findings) report(t *testing.T) {
	t.Helper()
	list := slices.Sorted(slices.Values(*f))
	for _, finding := range slices.Compact(list) {
		t.Error(finding)
	}
}
