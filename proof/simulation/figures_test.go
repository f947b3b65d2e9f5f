package simulation_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
)

// figures counts calls, requests and faults, and stores the largest values that have
// occurred.
type figures struct {
	months     int
	calls      map[string]map[operations.Verdict]int
	faults     map[string]int
	steps      map[string]int
	most       map[string]int
	longest    time.Duration
	requests   int
	resumed    int
	obstructed int
	misled     int
	read       int
}

func newFigures() *figures {
	return &figures{
		calls:  map[string]map[operations.Verdict]int{},
		faults: map[string]int{},
		steps:  map[string]int{},
		most:   map[string]int{},
	}
}

func (f *figures) worst(name string, value int) { f.most[name] = max(f.most[name], value) }

func (f *figures) count(c *call) {
	f.verdicts(c.op.id)[c.verdict()]++
	f.requests += c.sent
	f.longest = max(f.longest, c.ended.Sub(c.started))
	if c.resumes != nil {
		f.resumed++
	}
	if !c.op.many {
		f.worst("attempts of a call", c.sent)
	}
}

// verdicts returns the number of calls of an operation for each verdict.
func (f *figures) verdicts(op string) map[operations.Verdict]int {
	if f.calls[op] == nil {
		f.calls[op] = map[operations.Verdict]int{}
	}
	return f.calls[op]
}

func (f *figures) add(other *figures) {
	for op, verdicts := range other.calls {
		for verdict, count := range verdicts {
			f.verdicts(op)[verdict] += count
		}
	}
	for name, count := range other.faults {
		f.faults[name] += count
	}
	for name, count := range other.steps {
		f.steps[name] += count
	}
	for name, value := range other.most {
		f.worst(name, value)
	}
	f.longest = max(f.longest, other.longest)
	f.months += other.months
	f.requests += other.requests
	f.resumed += other.resumed
	f.obstructed += other.obstructed
	f.misled += other.misled
	f.read += other.read
}

func (f *figures) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := []operations.Verdict{
		operations.Succeeded, operations.Failed, operations.Refused, operations.Unknown, operations.Accepted,
	}
	fmt.Fprint(table, "calls\t")
	for _, verdict := range columns {
		fmt.Fprintf(table, "%s\t", verdict)
	}
	fmt.Fprintln(table)
	total := 0
	for _, op := range slices.Sorted(maps.Keys(f.calls)) {
		fmt.Fprintf(table, "%s\t", op)
		for _, verdict := range columns {
			fmt.Fprintf(table, "%d\t", f.calls[op][verdict])
			total += f.calls[op][verdict]
		}
		fmt.Fprintln(table)
	}
	for _, counts := range []map[string]int{f.steps, f.faults} {
		fmt.Fprintln(table, "\t")
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(table, "%s\t%d\t\n", name, counts[name])
		}
	}
	fmt.Fprintln(table, "\t")
	for _, name := range slices.Sorted(maps.Keys(f.most)) {
		fmt.Fprintf(table, "most %s\t%d\t\n", name, f.most[name])
	}
	_ = table.Flush() // writing to a strings.Builder does not fail
	fmt.Fprintf(&text, "\n%d months with %d calls and %d requests; %d calls resumed another call, "+
		"and obstacles prevented %d of these from sending a request; "+
		"the longest call took %s; a wrong Date misled %d calls; "+
		"%d bytes of logs and errors contained no secret\n",
		f.months, total, f.requests, f.resumed, f.obstructed, f.longest, f.misled, f.read)
	return text.String()
}
