package faultmatrix_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/proof/internal/race"
)

// TestFaultMatrix applies each fault to each operation. The call must take effect at most
// once and report its true outcome. Its error must contain no secret, and no connection
// may remain open.
func TestFaultMatrix(t *testing.T) {
	columns := operations.All()
	results := make([][]string, len(faultRows))
	t.Run("rows", func(t *testing.T) {
		for i, row := range faultRows {
			results[i] = make([]string, len(columns))
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				if race.Detector && row.isLarge() {
					// The race detector would take 20 seconds for the large bodies.
					t.Skip("make faults runs this row without the race detector")
				}
				if row.timeout == 0 {
					runRow(t, row, columns, results[i])
					return
				}
				// In virtual time, a timeout passes in the same way on every machine.
				synctest.Test(t, func(t *testing.T) { runRow(t, row, columns, results[i]) })
			})
		}
	})
	waitForGoroutines(t)
	if !t.Failed() && testing.Verbose() {
		printTable(t, columns, results)
	}
}

// waitForGoroutines waits until the goroutines of the client and of its connections have
// ended. They end shortly after their calls.
func waitForGoroutines(t *testing.T) {
	t.Helper()
	deadline, limited := t.Deadline()
	for {
		stacks := clientGoroutines()
		if stacks == "" {
			return
		}
		if limited && time.Until(deadline) < time.Minute {
			t.Fatalf("goroutines remain:\n%s", stacks)
		}
		runtime.Gosched()
	}
}

// clientGoroutines returns all stacks if one of them belongs to the client or to one of
// its connections, and nothing otherwise.
func clientGoroutines() string {
	buffer := make([]byte, 1<<22)
	stacks := string(buffer[:runtime.Stack(buffer, true)])
	for _, owner := range []string{"upvest-portfolios-go/wrapper.", "net/http.(*persistConn)"} {
		if strings.Contains(stacks, owner) {
			return stacks
		}
	}
	return ""
}

func printTable(t *testing.T, columns []operations.Operation, results [][]string) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "fault")
	for i := range columns {
		fmt.Fprintf(table, "\t%d", i+1)
	}
	for i, row := range faultRows {
		fmt.Fprintf(table, "\n%s\t%s", row.name, strings.Join(results[i], "\t"))
	}
	must(t, table.Flush())
	fmt.Fprintln(&text, "\n\nEach cell shows the verdict of the call, the number of attempts, "+
		"and the number of effects on the server.")
	for i, op := range columns {
		fmt.Fprintf(&text, "%4d  %s\n", i+1, op.ID)
	}
	fmt.Fprintf(&text, "%d cells.\n", len(faultRows)*len(columns))
	fmt.Fprint(os.Stdout, text.String())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
