package program_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// underWay keeps the sandbox from filling orders while a test runs, even on a slow
// machine.
var underWay = sandbox.WithOrderDelay(time.Hour)

// TestReconcileFindsEveryDifference creates a difference of every kind that a run of
// orders can have. The command reconcile must report each of them.
func TestReconcileFindsEveryDifference(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		testapi.New(t, underWay)
		t.Setenv("DATABASE_URL", url)
		succeeds(t, "migrate", "-rate", "0")
		path, accounts := orders(t, 9)
		client := testapi.Client(t)
		testapi.Follow(t, client, accounts...)
		succeeds(t, "enqueue", "-run", "r", path)

		change := func(account int, statement string, arguments ...any) {
			t.Helper()
			testdb.Execute(
				t,
				url,
				"update {schema}fleet_item set "+statement+fmt.Sprintf(
					" where subject = '%s'",
					accounts[account],
				),
				arguments...)
		}
		place := func(account int, amount string) uuid.UUID {
			t.Helper()
			order, err := client.Orders.Create(t.Context(), portfolios.OrderRequest{
				AccountID: accounts[account], UserID: userOf(accounts[account]), Side: portfolios.SideBUY,
				CashAmount: api.Decimal(amount), Currency: portfolios.CurrencyEUR,
			})
			if err != nil {
				t.Fatal(err)
			}
			return order.ID
		}
		const done = "outcome = 'done', done = 1, resource = $1"
		ids := make([]uuid.UUID, len(accounts))
		for account := range accounts {
			ids[account] = place(account, fmt.Sprintf("%d.00", 10+account))
			change(account, done, ids[account])
		}
		file := filepath.Join(t.TempDir(), "findings.csv")
		if out := succeeds(t, "reconcile", "-run", "r", "-csv", file); !strings.Contains(
			out,
			"9 lines, 9 done, 0 found",
		) {
			t.Errorf("reconcile printed %q, expected 9 lines, all of them done", out)
		}
		succeeds(t, "reconcile", "-run", "r", "-until", "1970-01-01T00:00:00Z")
		outsider := uuid.New()
		testapi.Follow(t, client, outsider)
		accounts = append(accounts, outsider)
		// reconcile ignores this order, because its account is not in the run
		place(9, "10.00")
		accounts = accounts[:9]
		double := place(0, "10.0")
		stray := place(1, "11.01")
		change(2, "outcome = 'open', resource = null, since = 1, last = 1")
		change(3, done, uuid.New())
		change(4, "outcome = 'refused', resource = null, detail = '422'")
		change(5, "outcome = 'review', resource = null")
		if err := client.Orders.Cancel(t.Context(), ids[6]); err != nil {
			t.Fatal(err)
		}
		status, out, errors := fleet(t, "reconcile", "-run", "r", "-csv", file)
		if status != 1 {
			t.Errorf("reconcile ended with exit status %d, expected 1: %s%s", status, out, errors)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			fmt.Sprintf("double,%s,%s,", accounts[0], double),
			fmt.Sprintf("stray,%s,%s,", accounts[1], stray),
			fmt.Sprintf("missing,%s,,", accounts[2]),
			fmt.Sprintf("similar,%s,%s,", accounts[2], ids[2]),
			fmt.Sprintf("ghost,%s,", accounts[3]),
			fmt.Sprintf("refused,%s,,422", accounts[4]),
			fmt.Sprintf("review,%s,,", accounts[5]),
			fmt.Sprintf("cancelled,%s,%s,", accounts[6], ids[6]),
		} {
			if !strings.Contains(string(content), want) {
				t.Errorf("expected %q in the findings:\n%s", want, content)
			}
		}
		// The orders of the accounts 3 and 4 no longer belong to a line, so they count as
		// a second double and a second stray order.
		found := " " + strings.Join(strings.Fields(out), " ")
		for _, want := range []string{
			"missing 1", "similar 1", "double 2", "stray 2", "ghost 1",
			"cancelled 1", "failed 0", "review 1", "refused 1",
		} {
			if !strings.Contains(found, " "+want+" ") {
				t.Errorf("expected %q in the report:\n%s", want, out)
			}
		}
	})
}

func TestReconcileFailsIfTheServerCannotBeRead(t *testing.T) {
	s := testapi.New(t)
	migrated(t)
	path, _ := orders(t, 1)
	succeeds(t, "enqueue", "-run", "r", path)
	fault := sandbox.Fault{Operation: "list_portfolios_orders", Status: http.StatusForbidden, Count: 9}
	err := s.Inject(fault)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, errors := fleet(t, "reconcile", "-run", "r"); status != 2 ||
		!strings.Contains(errors, "403") {
		t.Errorf("reconcile ended with exit status %d, expected 2 and an error with 403: %s", status, errors)
	}
	if status, _, _ := fleet(t, "reconcile", "-run", "none"); status != 2 {
		t.Errorf("reconcile ended with exit status %d for a run that does not exist, expected 2", status)
	}
}

// TestTheReasonOfACancellationIsRecorded lets Upvest cancel two orders. Before the
// reconciliation, the ledger already contains the state of the second order, but not the
// reason for its cancellation. A lookup can leave the ledger in this condition. The
// findings and the export must contain the reasons for both cancellations.
func TestTheReasonOfACancellationIsRecorded(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := testapi.New(t, underWay, sandbox.WithLaterVersions())
		t.Setenv("DATABASE_URL", url)
		succeeds(t, "migrate", "-rate", "0")
		path, accounts := orders(t, 3)
		testapi.Follow(t, testapi.Client(t), accounts...)
		succeeds(t, "enqueue", "-run", "r", path)
		worked(t, 1)
		reasons := []string{"ACCOUNT_IS_EMPTY", "CANCELLED_BY_UPVEST"}
		for i, reason := range reasons {
			const resource = "select resource from {schema}fleet_item where subject = $1"
			id, err := uuid.Parse(testdb.Text(t, url, resource, accounts[i]))
			if err == nil {
				err = s.CancelOrder(id, reason)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		testdb.Execute(t, url, "update {schema}fleet_item set status = 'CANCELLED' where subject = $1",
			accounts[1])
		file := filepath.Join(t.TempDir(), "findings.csv")
		if status, out, errors := fleet(t, "reconcile", "-run", "r", "-csv", file); status != 1 {
			t.Errorf("reconcile ended with exit status %d, expected 1: %s%s", status, out, errors)
		}
		findings, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		export := succeeds(t, "export", "-run", "r")
		for i, reason := range reasons {
			contains(t, string(findings), fmt.Sprintf("cancelled,%s,", accounts[i]))
			contains(t, string(findings), ",cancelled: "+reason+"\n")
			contains(t, export, ",CANCELLED,cancelled: "+reason+"\n")
		}
		if lines := strings.Count(export, "cancelled: "); lines != len(reasons) {
			t.Errorf("the export has the reason for a cancellation in %d lines, expected %d:\n%s",
				lines, len(reasons), export)
		}
	})
}

// TestMoreThanOnePercentRefusedNeedsAPerson reconciles a run of a hundred lines, of which
// zero, one or two are refused. The exit status must be 1 only with two refused lines.
func TestMoreThanOnePercentRefusedNeedsAPerson(t *testing.T) {
	testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 100)
	succeeds(t, "enqueue", "-run", "r", path)
	url := os.Getenv("DATABASE_URL")
	testdb.Execute(t, url, "update {schema}fleet_item set outcome = 'cancelled'")
	for refused, want := range []int{0, 0, 1} {
		if refused > 0 {
			testdb.Execute(t, url, "update {schema}fleet_item set outcome = 'refused' where subject = $1",
				accounts[refused])
		}
		if status, out, errors := fleet(t, "reconcile", "-run", "r"); status != want {
			t.Errorf("with %d of 100 lines refused, reconcile ended with exit status %d, expected %d: %s%s",
				refused, status, want, out, errors)
		}
	}
}
