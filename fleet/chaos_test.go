//go:build unix

package main_test

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestChaos is the main test of `make fleet-chaos`. It carries out one run on PostgreSQL.
// During the run, workers are killed and stopped, the database crashes, and responses are
// lost. At the end, all workers are killed, and the clocks move 25 hours ahead before new
// workers start. Each account must still have exactly one order.
func TestChaos(t *testing.T) {
	only(t, "fleet-chaos")
	server := testdb.Own(t)
	accounts := size(t, 5000)
	// The rate is low enough for the test to cause all failures before a worker begins
	// the last order.
	f := newFleet(t, server.URL(), accounts, 10+accounts/140)
	stop := f.injectFaults(10)
	workers := []*worker{f.work(), f.work(), f.work()}
	time.Sleep(4 * time.Second)
	f.sayf("kill -9 ends the first worker, and SIGSTOP stops the second worker")
	workers[0].kill()
	workers[1].signal(syscall.SIGSTOP)
	frozen := time.Now()
	workers[0] = f.work()
	time.Sleep(4 * time.Second)
	f.sayf("PostgreSQL crashes")
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	early := f.work()
	time.Sleep(2 * time.Second)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	f.sayf("PostgreSQL is running again; a fourth worker started while it was down")
	time.Sleep(4 * time.Second)
	f.sayf("SIGTERM ends the third worker")
	workers[2].drain()
	workers[2] = f.work()
	time.Sleep(time.Until(frozen.Add(75 * time.Second)))
	f.sayf("SIGCONT continues the second worker, whose orders other workers have taken over")
	workers[1].signal(syscall.SIGCONT)
	time.Sleep(time.Second)

	before := f.await(
		"before responses are lost",
		time.Minute,
		func(ledger.Counts) bool { return true },
	)
	if before.Waiting == 0 {
		t.Error("the workers began all orders before the test caused the last failures: use more accounts")
	}
	stop()
	f.loseResponses(before.Unknown+40, sandbox.Fault{Count: -1, Reset: true, After: true})
	f.loseResponses(before.Unknown+80, sandbox.Fault{Count: -1, Status: http.StatusServiceUnavailable})
	for _, worker := range append(workers, early) {
		worker.kill()
	}
	killed := f.await("kill -9 of all workers", time.Minute, func(ledger.Counts) bool { return true })
	f.sandbox.ClearFaults()
	f.jump()
	for range 3 {
		f.work()
	}
	limit := 10*time.Minute + time.Duration(accounts)*10*time.Millisecond
	decided := f.await("every order is decided", limit, isDone)
	if decided.Found < 40 || decided.Found > killed.Unknown {
		t.Errorf("lookups found %d orders, expected between 40 and %d, the number of unknown outcomes",
			decided.Found, killed.Unknown)
	}
	f.expectOnce()
}

// TestChaosControl is the control for TestChaos: it shows that TestChaos would notice
// double orders. It removes the times of attempts from the ledger, so the fleet resends
// lines without a lookup and places orders twice. The reconciliation must report these
// orders.
func TestChaosControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := newFleet(t, testdb.SQLite(t), 100, 0)
	worker := f.work()
	f.loseResponses(50, sandbox.Fault{Count: -1, Reset: true, After: true})
	worker.drain()
	f.sandbox.ClearFaults()
	f.jump()
	testdb.Execute(t, f.url, `update {schema}fleet_item set since = null, last = null, unsure = 0
		where outcome = 'open'`)
	f.sayf("the ledger has lost the times of the attempts")
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	f.expectDoubles(50)
}
