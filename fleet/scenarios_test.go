//go:build unix

package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// Each scenario in this file has a control with a deliberate mistake, in most cases a
// defect planted in the fleet. The control requires that the mistake has the expected
// effect.

// TestRestore takes a dump in the middle of a run, restores it after the run, and lets 25
// hours pass. Each account must have exactly one order in the end.
func TestRestore(t *testing.T) {
	only(t, "fleet-chaos")
	restore(t, true).expectOnce()
}

// TestRestoreControl is the control for TestRestore: the test does not mark the ledger as
// restored, so the fleet must place at least 100 orders twice.
func TestRestoreControl(t *testing.T) {
	only(t, "fleet-chaos")
	restore(t, false).expectDoubles(100)
}

func restore(t *testing.T, isMarked bool) *fleet {
	t.Helper()
	f := newFleet(t, testdb.SQLite(t), 300, 30)
	worker := f.work()
	f.await("a third is decided", time.Minute, func(c ledger.Counts) bool { return c.Decided() > 100 })
	dump := filepath.Join(t.TempDir(), "dump.db")
	at := time.Now().UTC().Format(time.RFC3339)
	testdb.Execute(t, f.url, "vacuum into '"+dump+"'")
	f.sayf("the test has taken a dump")
	f.await("every order is decided", 2*time.Minute, isDone)
	worker.drain()
	f.url = "sqlite:" + dump
	f.open()
	if isMarked {
		f.sayf("%s", f.succeeds("restored", "-since", at))
	}
	f.await("the dump is restored", time.Minute, func(ledger.Counts) bool { return true })
	f.jump()
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	return f
}

// TestClocks sets the server's clock ten minutes behind the clock of the database. The
// fleet must place no order until the clocks agree, and each order exactly once
// afterwards.
func TestClocks(t *testing.T) {
	only(t, "fleet-chaos")
	f, skew := skewed(t)
	f.build()
	f.enqueue(0)
	f.work()
	f.awaitReason("differs from Upvest's by")
	if got := testapi.Orders(f.sandbox); got != 0 {
		t.Errorf("%d orders were placed while the clocks differed, expected none", got)
	}
	f.sandbox.Clock().Advance(-time.Duration(skew.Swap(0)))
	f.sayf("the clock of the server is correct again")
	f.await("every order is decided", 2*time.Minute, isDone)
	f.expectOnce()
}

// TestClocksControl is the control for TestClocks: the fleet tolerates clocks that differ
// by up to an hour, and must therefore place orders twice.
func TestClocksControl(t *testing.T) {
	only(t, "fleet-chaos")
	f, _ := skewed(t)
	f.plant(defect{"internal/place/look.go", "difference.Abs() <= Skew", "difference.Abs() <= time.Hour"})
	f.enqueue(0)
	worker := f.work()
	f.loseResponses(50, sandbox.Fault{Count: -1, Reset: true, After: true})
	worker.drain()
	f.sandbox.ClearFaults()
	f.jump()
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	if _, more, _ := f.perAccount(); more < 50 {
		t.Errorf("%d accounts have more than one order, expected 50 or more because of the defect", more)
	}
}

// skewed returns a fleet whose server has a clock ten minutes behind the clock of the
// database. It also returns the difference between the clocks as a variable. A test sets
// the variable to 0 to correct the server's clock.
func skewed(t *testing.T) (*fleet, *atomic.Int64) {
	t.Helper()
	skew := new(atomic.Int64)
	skew.Store(int64(-10 * time.Minute))
	f := prepare(t, testdb.SQLite(t), 100,
		sandbox.WithClock(sandbox.NewMovingClock(time.Now().Add(-10*time.Minute))),
		sandbox.WithMachineTime(func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }))
	return f, skew
}

// awaitReason waits until the command `fleet status -json` reports that the run is held,
// with a reason that contains the string `part`.
func (f *fleet) awaitReason(part string) {
	f.Helper()
	var status struct {
		Held string `json:"held"`
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		if err := json.Unmarshal([]byte(f.succeeds("status", "-json")), &status); err != nil {
			f.Fatal(err)
		}
		if strings.Contains(status.Held, part) {
			f.sayf("%s", status.Held)
			return
		}
	}
	f.Fatalf("waited a minute for status -json to report a reason that contains %q, got the reason %q",
		part, status.Held)
}

// TestIdentity lets attempts of lines fail without placing an order. Ten hours later, the
// customers themselves place orders with the same fields. The fleet must not mistake the
// customers' orders for its own, so each account must have two orders in the end.
func TestIdentity(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 100)
	f.build()
	if _, more, _ := f.besideCustomers(); more != len(f.accounts) {
		t.Errorf("%d of %d accounts have more than one order, expected all: the customer's and the fleet's",
			more, len(f.accounts))
	}
}

// TestIdentityControl is the control for TestIdentity: the fleet matches its lines even
// with orders that were created too late to result from an attempt. It must therefore
// mistake the customers' orders for its own.
func TestIdentityControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 100)
	f.plant(defect{
		"internal/operation/orders.go", "return !i.To.IsZero() && created.After(i.To)", "return false",
	})
	if once, _, _ := f.besideCustomers(); once < 50 {
		t.Errorf("%d accounts have one order, expected 50 or more because of the defect", once)
	}
}

func (f *fleet) besideCustomers() (once, more, none int) {
	f.Helper()
	f.enqueue(0)
	worker := f.work()
	f.loseResponses(50, sandbox.Fault{Count: -1, Status: 503})
	worker.drain()
	f.sandbox.ClearFaults()
	f.advance(10 * time.Hour)
	client := testapi.ClientOf(f, f.sandbox.Credentials())
	for i, account := range f.accounts {
		_, err := client.Orders.Create(f.Context(), portfolios.OrderRequest{
			AccountID: account, UserID: userOf(account), Side: portfolios.SideBUY,
			CashAmount: api.Decimal(amountOf(i)), Currency: portfolios.CurrencyEUR,
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	f.sayf("ten hours later, the customers have placed orders with the same fields")
	f.advance(15 * time.Hour)
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	once, more, none = f.perAccount()
	f.sayf("%d accounts have one order, %d have more", once, more)
	return once, more, none
}

// TestNames enqueues the file of a run a second time, under the run's name followed by a
// space. The fleet must refuse the name with the space.
func TestNames(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 50)
	f.build()
	if f.underAnotherName() {
		t.Error("enqueue accepted a run name that ends in a space, expected an error")
	}
	f.expectOnce()
}

// TestNamesControl is the control for TestNames: the fleet accepts any name, so it must
// place every order twice.
func TestNamesControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 50)
	f.plant(defect{"internal/program/file.go", "`^[A-Za-z0-9._-]{1,64}$`", "`^.+$`"})
	if !f.underAnotherName() {
		t.Error("enqueue refused a name that ends in a space, expected the planted defect to allow it")
	}
	// Each account has one order for each of the two runs. The command reconcile
	// therefore finds no difference: only the server's list of orders shows the mistake.
	if _, more, _ := f.perAccount(); more < 50 {
		t.Errorf("%d accounts have more than one order, expected 50 or more because of the defect", more)
	}
}

// underAnotherName carries out the run and enqueues its file a second time, under the
// run's name followed by a space. It reports whether the fleet accepted this name.
func (f *fleet) underAnotherName() (isAccepted bool) {
	f.Helper()
	f.enqueue(0)
	f.work()
	f.await("every order is decided", time.Minute, isDone)
	err := f.command("enqueue", "-run", theRun+" ", f.file).Run()
	if err == nil {
		f.sayf("%s", f.succeeds("status", "-watch"))
	}
	return err == nil
}
