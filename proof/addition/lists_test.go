package addition_test

import (
	"os"
	"path/filepath"
	"strings"
)

// list is a file that must contain a certain string after the addition.
type list struct{ file, text string }

// listed returns files that must name the new operation or the new version of the
// contract after the addition.
func listed() []list {
	return []list{
		{"docs/api.md", "| `Orders.RetrieveFee` | GET `/portfolios/orders/{portfolio_order_id}/fee`: "},
		{"docs/api.md", "(version 1.1.0)"},
		{"CHANGELOG.md", "\nContract 1.1.0.\n"},
		{"sandbox/operation.go", `"` + operationID + `"`},
		{"proof/internal/operations/orders.go", `"` + operationID + `"`},
		{"wrapper/testdata/requests/" + operationID + ".http", "/fee"},
	}
}

// listsWithout returns the files that do not contain their required string.
func listsWithout(c clone) (found []string) {
	c.t.Helper()
	for _, l := range listed() {
		text, err := os.ReadFile(filepath.Join(c.root, l.file))
		if err != nil && !os.IsNotExist(err) {
			c.t.Fatal(err)
		}
		if !strings.Contains(string(text), l.text) {
			found = append(found, l.file)
		}
	}
	return found
}

// completeRun is a command that calls all operations and prints their names.
type completeRun struct {
	name, folder string
	command      []string
}

// completeRuns returns the commands that call all operations.
func completeRuns() []completeRun {
	return []completeRun{
		{name: "the fault matrix", folder: ".", command: []string{"make", "faults"}},
		{name: "the tour", folder: ".", command: []string{"make", "demo"}},
		{
			name: "the simulation", folder: "proof/simulation",
			command: []string{
				"go", "test", "-count=1", "-vet=off", "-run", "TestMonths$", "-report", "-seeds", "1",
			},
		},
	}
}
