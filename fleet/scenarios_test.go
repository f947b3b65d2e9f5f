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

// Each scenario in this file has a control, which runs the same scenario with a planted
// defect. The scenario has to detect the defect.

// TestRestore restores a dump from the middle of a run, 25 hours after the run.
func TestRestore(t *testing.T) {
	only(t, "fleet-chaos")
	restore(t, true).expectOnce()
}

// TestRestoreControl is the control of TestRestore: the ledger is not marked as restored.
func TestRestoreControl(t *testing.T) {
	only(t, "fleet-chaos")
	restore(t, false).expectDoubles(100)
}

func restore(t *testing.T, isMarked bool) *fleet {
	t.Helper()
	f := newFleet(t, testdb.SQLite(t), 300, 30)
	worker := f.work()
	f.await("a third of the orders", time.Minute, func(c ledger.Counts) bool { return c.Decided() > 100 })
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
// fleet sends nothing until the clocks agree.
func TestClocks(t *testing.T) {
	only(t, "fleet-chaos")
	f, skew := skewed(t)
	f.build()
	f.enqueue(0)
	f.work()
	f.awaitReason("differs from Upvest's by")
	if got := testapi.Orders(f.sandbox); got != 0 {
		t.Errorf("%d orders were placed while the clocks differ", got)
	}
	f.sandbox.Clock().Advance(-time.Duration(skew.Swap(0)))
	f.sayf("the clock of the server is correct again")
	f.await("every order is decided", 2*time.Minute, isDone)
	f.expectOnce()
}

// TestClocksControl is the control of TestClocks: the fleet tolerates clocks that differ
// by up to an hour.
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
		t.Errorf("%d accounts have two orders, so the control has not detected the defect", more)
	}
}

// skewed returns a fleet whose server's clock differs from the database's.
func skewed(t *testing.T) (*fleet, *atomic.Int64) {
	t.Helper()
	skew := new(atomic.Int64)
	skew.Store(int64(-10 * time.Minute))
	f := prepare(t, testdb.SQLite(t), 100,
		sandbox.WithClock(sandbox.NewMovingClock(time.Now().Add(-10*time.Minute))),
		sandbox.WithMachineTime(func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }))
	return f, skew
}

// awaitReason waits until the status contains the reason why the fleet sends nothing.
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
	f.Fatalf("the status does not contain %q: %q", part, status.Held)
}

// TestIdentity lets attempts fail without placing an order. Ten hours later, the
// customers place the same orders. The fleet must still place the orders of its lines.
func TestIdentity(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 100)
	f.build()
	if _, more, _ := f.besideCustomers(); more != len(f.accounts) {
		t.Errorf("%d of %d accounts have the orders of both customer and fleet", more, len(f.accounts))
	}
}

// TestIdentityControl is the control of TestIdentity: the fleet matches orders regardless
// of their time.
func TestIdentityControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 100)
	f.plant(defect{
		"internal/operation/orders.go", "return !i.To.IsZero() && created.After(i.To)", "return false",
	})
	if once, _, _ := f.besideCustomers(); once < 50 {
		t.Errorf("%d accounts have one order, so the control has not detected the defect", once)
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
	f.sayf("the customers have placed the same orders, ten hours later")
	f.advance(15 * time.Hour)
	f.work()
	f.await("every order is decided", 5*time.Minute, isDone)
	once, more, none = f.perAccount()
	f.sayf("%d accounts have one order, %d have two", once, more)
	return once, more, none
}

// TestNames enqueues the file again under a name that looks like the name of the run.
func TestNames(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 50)
	f.build()
	if f.underAnotherName() {
		t.Error("a name that ends in a space is accepted")
	}
	f.expectOnce()
}

// TestNamesControl is the control of TestNames: the fleet accepts any name.
func TestNamesControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, testdb.SQLite(t), 50)
	f.plant(defect{"internal/program/file.go", "`^[A-Za-z0-9._-]{1,64}$`", "`^.+$`"})
	if !f.underAnotherName() {
		t.Error("the name was refused, so the defect was not planted")
	}
	// Each of the two orders of an account belongs to a line of another run. reconcile
	// therefore finds no difference, and only the list of the server shows the mistake.
	if _, more, _ := f.perAccount(); more < 50 {
		t.Errorf("%d accounts have two orders, so the control has not detected the defect", more)
	}
}

// underAnotherName enqueues the file under another name, and reports whether the name was
// accepted.
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
