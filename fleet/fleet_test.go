//go:build unix

package main_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// only runs a test that takes minutes where it is asked for by FLEET.
func only(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("FLEET") != name {
		t.Skipf("takes a minute or two: make %s", name)
	}
}

// TestFleet is make fleet: three workers on SQLite, one of them killed in the middle, and
// a server that fails in every way.
func TestFleet(t *testing.T) {
	only(t, "fleet")
	f := newFleet(t, testdb.SQLite(t), size(t, 2000), 300)
	stop := f.trouble(5)
	workers := []*worker{f.work(), f.work(), f.work()}
	f.await(
		"half of the orders are decided",
		2*time.Minute,
		func(c ledger.Counts) bool { return 2*c.Decided() > c.Total() },
	)
	workers[1].kill()
	f.sayf("kill -9 of one worker")
	f.await(
		"nine tenths of the orders are decided",
		10*time.Minute,
		func(c ledger.Counts) bool { return 10*c.Decided() > 9*c.Total() },
	)
	// with as many faults for ever fewer orders, the last ones would never get through
	stop()
	f.await("every order is decided", 10*time.Minute, isDone)
	workers[0].drain()
	workers[2].drain()
	f.expectOnce()
}

// TestChaos is make fleet-chaos: whatever can happen to a fleet on PostgreSQL, in one
// run.
func TestChaos(t *testing.T) {
	only(t, "fleet-chaos")
	server := testdb.Own(t)
	accounts := size(t, 5000)
	// Slow enough for all of it to happen before the last order is begun.
	f := newFleet(t, server.URL(), accounts, 110+accounts/100)
	stop := f.trouble(10)
	workers := []*worker{f.work(), f.work(), f.work()}
	time.Sleep(4 * time.Second)
	f.sayf("kill -9 of the first worker, SIGSTOP for the second")
	workers[0].kill()
	workers[1].signal(syscall.SIGSTOP)
	frozen := time.Now()
	workers[0] = f.work()
	time.Sleep(4 * time.Second)
	f.sayf("crash of PostgreSQL")
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	early := f.work()
	time.Sleep(2 * time.Second)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	f.sayf("PostgreSQL is back; a fourth worker has started without it")
	time.Sleep(4 * time.Second)
	f.sayf("SIGTERM for the third worker")
	workers[2].drain()
	workers[2] = f.work()
	time.Sleep(time.Until(frozen.Add(75 * time.Second)))
	f.sayf("SIGCONT for the second worker, whose orders others have taken up by now")
	workers[1].signal(syscall.SIGCONT)
	time.Sleep(time.Second)

	before := f.await(
		"before the day of unknown outcomes",
		time.Minute,
		func(ledger.Counts) bool { return true },
	)
	if before.Waiting == 0 {
		t.Error("every order was begun before the worst: take more accounts")
	}
	stop()
	f.inject(sandbox.Fault{Count: -1, Reset: true, After: true})
	f.await(
		"orders that were placed without an answer",
		time.Minute,
		func(c ledger.Counts) bool { return c.Unknown >= before.Unknown+60 },
	)
	f.sandbox.ClearFaults()
	f.inject(sandbox.Fault{Count: -1, Status: 503})
	f.await(
		"and others that were not placed, without an answer",
		time.Minute,
		func(c ledger.Counts) bool { return c.Unknown >= before.Unknown+120 },
	)
	for _, worker := range append(workers, early) {
		worker.kill()
	}
	killed := f.await("kill -9 of all workers", time.Minute, func(ledger.Counts) bool { return true })
	f.sandbox.ClearFaults()
	f.jump()
	for range 3 {
		f.work()
	}
	decided := f.await(
		"every order is decided",
		10*time.Minute+time.Duration(accounts)*10*time.Millisecond,
		isDone,
	)
	if decided.Found < 60 || decided.Found > killed.Unknown {
		t.Errorf(
			"%d orders were found, expected the 60 placed without a response, and at most the %d begun",
			decided.Found,
			killed.Unknown,
		)
	}
	f.expectOnce()
}

// TestControl is the control of TestChaos: a fleet that forgets when it has begun, and so
// sends blindly what is a day old, doubles orders, and the reconciliation says so.
func TestControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := newFleet(t, testdb.SQLite(t), 100, 0)
	f.inject(sandbox.Fault{Count: -1, Reset: true, After: true})
	worker := f.work()
	f.await(
		"orders that were placed without an answer",
		time.Minute,
		func(c ledger.Counts) bool { return c.Unknown >= 50 },
	)
	worker.drain()
	f.sandbox.ClearFaults()
	f.jump()
	testdb.Execute(
		t,
		f.url,
		"update {schema}fleet_item set since = null, last = null, unsure = 0 where outcome = 'open'",
	)
	f.sayf("the fleet forgets that it has sent them")
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	status, out := f.run("reconcile", "-run", theRun)
	t.Log(out)
	_, more, _ := f.perAccount()
	f.sayf("%d accounts have two orders; the reconciliation ends with exit status %d", more, status)
	if status != 1 || more < 50 {
		t.Errorf("%d accounts have two orders, and the reconciliation ended with %d", more, status)
	}
}
