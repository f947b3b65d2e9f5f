package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestProcessesShareOneLimit leases slots over connections of their own, as many as three processes would: one row hands out each slot once.
func TestProcessesShareOneLimit(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		const processes, leases, slots, gap = 3, 40, 15, 3334 * time.Microsecond // a 300th of a second, rounded up
		var open [processes]*ledger.Ledger
		for i := range open {
			l, err := ledger.Connect(t.Context(), url, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			open[i] = l
		}
		if err := open[0].SetRate(t.Context(), 300); err != nil {
			t.Fatal(err)
		}
		lease := func(l *ledger.Ledger) time.Duration {
			wait, between, err := l.Lease(t.Context(), slots)
			if err != nil || between != gap {
				t.Errorf("a lease with %s between its slots: %v", between, err)
			}
			return wait
		}
		began := time.Now()
		lease(open[0])
		var calls sync.WaitGroup
		for _, l := range open {
			calls.Go(func() {
				for range leases {
					lease(l)
				}
			})
		}
		calls.Wait()
		// Nothing has waited here, so the next slot is due when all the others are used up, less what has passed meanwhile. SQLite's clock
		// counts whole milliseconds.
		wait, passed := lease(open[1]), time.Since(began)
		if due := (1 + processes*leases) * slots * gap; wait > due || wait+passed < due-2*time.Millisecond {
			t.Errorf("after %d slots the next one is due %s after the first, expected %s", (1+processes*leases)*slots, wait+passed, due)
		}
		if err := open[2].Defer(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if wait := lease(open[0]); wait < time.Hour-time.Minute {
			t.Errorf("one process was told to wait for an hour, and another gets a slot in %s", wait)
		}
	})
}
