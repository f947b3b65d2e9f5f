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

// TestFaultMatrix applies each fault to each operation. Every call must take effect at
// most once and report its true outcome. No error may contain a secret, and no connection
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
					// With the race detector, the large bodies would take 20 seconds.
					t.Skip("too slow with the race detector; `make faults` runs this row without it")
				}
				if row.timeout == 0 {
					runRow(t, row, columns, results[i])
					return
				}
				// In virtual time, timeouts do not depend on the speed of the machine.
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
// ended. These goroutines can run for a short time after the last call has returned.
func waitForGoroutines(t *testing.T) {
	t.Helper()
	deadline, limited := t.Deadline()
	for {
		stacks := clientGoroutines()
		if stacks == "" {
			return
		}
		if limited && time.Until(deadline) < time.Minute {
			t.Fatalf("goroutines of the client or of its connections are still running, want none:\n%s",
				stacks)
		}
		runtime.Gosched()
	}
}

// clientGoroutines returns the stacks of all goroutines if one of the goroutines belongs
// to the client or to one of its connections. Otherwise, it returns an empty string.
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
