package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestProcessesShareOneLimit leases slots over three separate connections, as three
// processes would. Each slot must be leased only once.
func TestProcessesShareOneLimit(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		const (
			processes = 3
			leases    = 40
			slots     = 15
			gap       = 3334 * time.Microsecond // a 300th of a second, rounded up
		)
		var open [processes]*ledger.Ledger
		for i := range open {
			l, err := ledger.Connect(t.Context(), url, database.Options{Connections: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			open[i] = l
		}
		if err := open[0].SetRate(t.Context(), open[0].DB.SQL, 300); err != nil {
			t.Fatal(err)
		}
		lease := func(l *ledger.Ledger) time.Duration {
			wait, between, err := l.Lease(t.Context(), slots)
			if err != nil || between != gap {
				t.Errorf("the slots of a lease are %s apart, expected 3.334ms; the error is %v", between, err)
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
		// No process has waited for its leased slots. The wait for the next slot is
		// therefore the length of all leased slots, minus the time that has passed.
		// SQLite's clock counts whole milliseconds.
		wait := lease(open[1])
		passed := time.Since(began)
		due := (1 + processes*leases) * slots * gap
		if wait > due || wait+passed < due-2*time.Millisecond {
			t.Errorf("after %d leased slots, the next slot is due %s after the first one, expected %s",
				(1+processes*leases)*slots, wait+passed, due)
		}
		if err := open[2].Defer(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if wait := lease(open[0]); wait < time.Hour-time.Minute {
			t.Errorf("after all slots were deferred by an hour, a slot is due in %s, expected about 1h", wait)
		}
	})
}
