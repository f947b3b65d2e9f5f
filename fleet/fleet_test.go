//go:build unix

package main_test

import (
	"os"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// only skips the calling test, which takes minutes, unless the environment variable FLEET
// is the name of the test's group. The tests of a group run in parallel, because they
// share nothing and mostly wait.
func only(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("FLEET") != name {
		t.Skipf("this takes a minute or two: run it with make %s", name)
	}
	t.Parallel()
}

// TestFleet is the test that `make fleet` runs. It runs three workers on SQLite, kills
// one of them in the middle of the run, and lets the server fail in many ways. Each
// account must still have exactly one order in the end.
func TestFleet(t *testing.T) {
	only(t, "fleet")
	f := newFleet(t, testdb.SQLite(t), size(t, 2000), 300)
	stop := f.injectFaults(5)
	workers := []*worker{f.work(), f.work(), f.work()}
	f.await(
		"half of the orders are decided",
		2*time.Minute,
		func(c ledger.Counts) bool { return 2*c.Decided() > c.Total() },
	)
	workers[1].kill()
	f.sayf("kill -9 has ended one of the workers")
	f.await(
		"nine tenths of the orders are decided",
		10*time.Minute,
		func(c ledger.Counts) bool { return 10*c.Decided() > 9*c.Total() },
	)
	// The faults end here, so that the last orders are decided without further failures.
	stop()
	f.await("every order is decided", 10*time.Minute, isDone)
	workers[0].drain()
	workers[2].drain()
	f.expectOnce()
}
