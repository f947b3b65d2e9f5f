package program_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// fails runs a command that must fail, and returns the error that it prints.
func fails(t *testing.T, arguments ...string) string {
	t.Helper()
	status, out, errors := fleet(t, arguments...)
	if status != 2 {
		t.Fatalf("fleet %v ended with exit status %d, expected 2: %s%s", arguments, status, out, errors)
	}
	return errors
}

// contains checks that the string `text` contains the string `part`.
func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("expected %q in the following text:\n%s", part, text)
	}
}

// state returns the status of the latest run, which the command `fleet status -json`
// prints.
func state(t *testing.T) map[string]any {
	t.Helper()
	var read map[string]any
	if err := json.Unmarshal([]byte(succeeds(t, "status", "-json")), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// enqueued starts a sandbox and enqueues orders for a number of accounts as the run "r",
// in the database at the URL. It returns the sandbox and the accounts, which have
// configurations.
func enqueued(t *testing.T, url string, count int) (*sandbox.Sandbox, []uuid.UUID) {
	t.Helper()
	s := testapi.New(t)
	t.Setenv("DATABASE_URL", url)
	path, accounts := orders(t, count)
	testapi.Follow(t, testapi.Client(t), accounts...)
	succeeds(t, "enqueue", "-run", "r", path)
	return s, accounts
}

func TestARunIsPausedResumedAndCancelled(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, _ := enqueued(t, url, 5)
		succeeds(t, "pause", "-run", "r")
		worked(t, 1) // status -watch ends at once, because workers have nothing to do
		if got := state(t); got["state"] != "paused" || got["decided"] != 0.0 || testapi.Orders(s) != 0 {
			t.Errorf("the paused run has the status %v and %d orders, expected paused and no orders",
				got, testapi.Orders(s))
		}
		succeeds(t, "resume", "-run", "r")
		succeeds(t, "cancel", "-run", "r")
		if got := state(t); got["state"] != "cancelled" || got["cancelled"] != 5.0 ||
			got["without_job"] != 0.0 {
			t.Errorf("the status of the cancelled run is %v, expected 5 cancelled lines", got)
		}
		contains(t, fails(t, "resume", "-run", "r"), "which is final")
		trail := succeeds(t, "audit")
		for _, want := range []string{
			",enqueue,r,\"create-orders: 5 lines", ",pause,r,", ",resume,r,", ",cancel,r,",
		} {
			contains(t, trail, want)
		}
	})
}

func TestThePriorityOfARunIsSet(t *testing.T) {
	migrated(t)
	path, _ := orders(t, 1)
	succeeds(t, "enqueue", "-run", "r", "-priority", "3", path)
	if got := state(t)["priority"]; got != 3.0 {
		t.Errorf("the priority after enqueue -priority 3 is %v, expected 3", got)
	}
	succeeds(t, "priority", "-run", "r", "-priority", "1")
	if got := state(t)["priority"]; got != 1.0 {
		t.Errorf("the priority after the command priority is %v, expected 1", got)
	}
	contains(t, fails(t, "priority", "-run", "r", "-priority", "5"), "1 to 4")
}

// TestRefusedLinesAreRetriedAndReviewsAreDecided retries refused lines, and decides lines
// in review with the flags -order, -refused and -send. The command decide must refuse
// missing, contradictory and invalid flags, and lines that are not in review.
func TestRefusedLinesAreRetriedAndReviewsAreDecided(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, accounts := enqueued(t, url, 5)
		if err := s.Inject(sandbox.Fault{Operation: testapi.Create, Status: 400, Count: 5}); err != nil {
			t.Fatal(err)
		}
		worked(t, 1)
		if got := state(t); got["refused"] != 5.0 {
			t.Fatalf("the status of the run is %v, expected 5 refused lines", got)
		}
		contains(t, succeeds(t, "retry", "-run", "r", "-refused"), "5 refused lines")
		testdb.Execute(
			t,
			url,
			"update {schema}fleet_item set outcome = 'review' where subject <> $1",
			accounts[0],
		)
		testdb.Execute(
			t,
			url,
			"delete from {schema}river_job where args->>'subject' <> $1",
			accounts[0].String(),
		)
		worked(t, 1)
		id := uuid.NewString()
		decide := func(account int, decision ...string) []string {
			return slices.Concat(
				[]string{"decide", "-run", "r", "-subject", accounts[account].String()},
				decision,
			)
		}
		succeeds(t, decide(1, "-order", id)...)
		succeeds(t, decide(2, "-refused")...)
		succeeds(t, decide(3, "-send")...)
		for _, wrong := range [][]string{
			decide(4), decide(4, "-send", "-refused"), decide(4, "-order", "x"), decide(4, "-order", id),
			decide(4, "-done"), decide(1, "-refused"),
		} {
			contains(t, fails(t, wrong...), "fleet decide: ")
		}
		worked(t, 1)
		got := state(t)
		if got["done"] != 2.0 || got["found"] != 1.0 || got["refused"] != 1.0 || got["review"] != 1.0 {
			t.Errorf("the status is %v, expected 2 lines done, 1 found, 1 refused and 1 in review", got)
		}
		if count := testapi.Orders(s); count != 2 {
			t.Errorf("the server has %d orders, expected 2", count)
		}
	})
}

// TestAnExportCanBeEnqueuedAgain exports the refused lines of a run, and enqueues the
// export as a new run.
func TestAnExportCanBeEnqueuedAgain(t *testing.T) {
	testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 3)
	succeeds(t, "enqueue", "-run", "r", path)
	testdb.Execute(
		t,
		os.Getenv("DATABASE_URL"),
		"update {schema}fleet_item set outcome = 'refused', detail = 'not this, \"ever\"' where subject = $1",
		accounts[1],
	)
	all := succeeds(t, "export", "-run", "r")
	if lines := strings.Count(all, "\n"); lines != 4 {
		t.Errorf("the export has %d lines, expected 4:\n%s", lines, all)
	}
	refused := succeeds(t, "export", "-run", "r", "-outcome", "refused")
	want := fmt.Sprintf(
		"account,user,side,amount,currency,outcome,resource,state,detail\n%s,%s,BUY,11.00,EUR,refused,,,"+
			"\"not this, \"\"ever\"\"\"\n",
		accounts[1],
		userOf(accounts[1]),
	)
	if refused != want {
		t.Errorf("the export of the refused lines is\n%s\nexpected\n%s", refused, want)
	}
	contains(t, succeeds(t, "enqueue", "-run", "again", write(t, refused)), "1 lines added")
}

func TestADryRunWritesNothing(t *testing.T) {
	testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 3)
	testapi.Follow(t, testapi.Client(t), accounts[:2]...)
	status, out, errors := fleet(t, "enqueue", "-run", "r", "-dry-run", path)
	if status != 1 || !strings.Contains(out, "1 accounts have no configuration") {
		t.Errorf("the dry run ended with exit status %d, expected 1 and an account without configuration: %s",
			status, out)
	}
	contains(t, errors, fmt.Sprintf("line 4: account %s has no configuration", accounts[2]))
	contains(t, fails(t, "status"), "no run yet")
}

// TestAmbiguousInputIsRefused requires that enqueue refuses run names, ids and files that
// can be read in more than one way.
func TestAmbiguousInputIsRefused(t *testing.T) {
	migrated(t)
	path, _ := orders(t, 1)
	for _, name := range []string{"r ", "r\r", "r\u00a0", "r\u200b", "r/s", "ré", strings.Repeat("r", 65)} {
		if errors := fails(t, "enqueue", "-run", name, path); !strings.Contains(errors, "letters, digits") {
			t.Errorf("the error for the run name %q is %q, expected it to list the allowed characters",
				name, errors)
		}
	}
	const user = ",22222222-2222-4222-8222-222222222222,BUY,"
	const id = "11111111-1111-4111-8111-111111111111"
	for line, want := range map[string]string{
		"9" + id + "9" + user + "1.50,EUR\n":           "is not a UUID",
		"'" + id + "'" + user + "1.50,EUR\n":           "is not a UUID",
		"{" + id + "}" + user + "1.50,EUR\n":           "is not a UUID",
		strings.ReplaceAll(id, "-", "") + user + "1\n": "fields, expected 5",
		id + user + "\"1,50\",EUR\n":                   "write a point",
		strings.Repeat("x", 500) + user + "1.50,EUR\n": `"` + strings.Repeat("x", 60) + `"…`,
		id + user + "1.50,EUR,done,,,\n":               "9 fields, expected 5",
	} {
		errors := fails(t, "enqueue", "-run", "r", write(t, header+line))
		if !strings.Contains(errors, want) || strings.Contains(errors, strings.Repeat("x", 61)) {
			t.Errorf("the error for the line %.80q is %s, expected one that contains %q", line, errors, want)
		}
	}
	semicolons := write(t, "account;user;side;amount;currency\n")
	contains(t, fails(t, "enqueue", "-run", "r", semicolons), "semicolons")
}

// TestTheSameLinesInADifferentFormatAddNothing enqueues the lines of a file twice. The
// second time, the file has a byte order mark, Windows line ends, upper-case digits, and
// an amount without its last zero. The second file must add no line.
func TestTheSameLinesInADifferentFormatAddNothing(t *testing.T) {
	migrated(t)
	const line = "1111111a-1111-4111-8111-111111111111,22222222-2222-4222-8222-222222222222,BUY,"
	succeeds(t, "enqueue", "-run", "r", write(t, header+line+"1.50,EUR\n"))
	again := "\ufeff" + strings.ReplaceAll(header+strings.ToUpper(line)+"1.5,EUR\n", "\n", "\r\n")
	contains(t, succeeds(t, "enqueue", "-run", "r", write(t, again)), "0 lines added, 1 existed")
	contains(t, fails(t, "enqueue", "-run", "r", write(t, header+line+"1.51,EUR\n")), "line 2")
	other := "account,user\n33333333-3333-4333-8333-333333333333,22222222-2222-4222-8222-222222222222\n"
	contains(t, fails(t, "enqueue", "-run", "r", "-operation", "liquidate", write(t, other)),
		"already exists with the operation create-orders")
}

// TestCancelDropsNoLineOfARestoredLedger cancels a run in a ledger that is marked as
// restored. The lines may have been sent after the dump was taken, so cancel must drop no
// line. Workers look these lines up.
func TestCancelDropsNoLineOfARestoredLedger(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, _ := enqueued(t, url, 2)
		since := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		succeeds(t, "restored", "-since", since)
		contains(t, succeeds(t, "cancel", "-run", "r"), "cancelled 0 lines")
		if got := state(t); got["cancelled"] != 0.0 || got["decided"] != 0.0 || got["without_job"] != 0.0 {
			t.Errorf("the status of the cancelled run is %v, expected 2 undecided lines with jobs", got)
		}
		if count := testapi.Orders(s); count != 0 {
			t.Errorf("the server has %d orders, expected none", count)
		}
	})
}

func TestARestoredLedgerIsMarked(t *testing.T) {
	migrated(t)
	path, _ := orders(t, 1)
	succeeds(t, "enqueue", "-run", "r", path)
	succeeds(t, "restored", "-since", "2026-01-01T00:00:00Z")
	if got := state(t)["restored"]; got != "2026-01-01T00:00:00Z" {
		t.Errorf("the ledger is marked as restored with the time %v, expected 2026-01-01T00:00:00Z", got)
	}
	succeeds(t, "restored", "-lift")
	if got, isMarked := state(t)["restored"]; isMarked {
		t.Errorf("after restored -lift, the ledger is still marked with the time %v, expected no mark", got)
	}
	for _, wrong := range [][]string{
		{"restored"}, {"restored", "-since", "yesterday"}, {"restored", "-since", "2999-01-01T00:00:00Z"},
	} {
		contains(t, fails(t, wrong...), "fleet restored: ")
	}
}

// TestMigrateKeepsTheRateByDefault migrates three times, with the flag -rate only the
// second time. The third migration must keep the rate.
func TestMigrateKeepsTheRateByDefault(t *testing.T) {
	url := testdb.SQLite(t)
	t.Setenv("DATABASE_URL", url)
	for _, step := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"migrate"}, "3334"},
		{[]string{"migrate", "-rate", "50"}, "20000"},
		{[]string{"migrate"}, "20000"},
	} {
		succeeds(t, step.arguments...)
		if got := testdb.Text(t, url, "select gap from {schema}fleet_setting"); got != step.want {
			t.Errorf("after fleet %v, the gap between requests is %s µs, expected %s",
				step.arguments, got, step.want)
		}
	}
}

// TestReconcileRecordsTheStatusesOfOrders cancels one of two orders at the server. The
// commands reconcile and status must report one cancelled order and one order under way.
func TestReconcileRecordsTheStatusesOfOrders(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		testapi.New(t, underWay)
		t.Setenv("DATABASE_URL", url)
		client := testapi.Client(t)
		path, accounts := orders(t, 2)
		testapi.Follow(t, client, accounts...)
		succeeds(t, "enqueue", "-run", "r", path)
		worked(t, 1)
		contains(t, succeeds(t, "reconcile", "-run", "r"), "2 of these under way")
		const resource = "select resource from {schema}fleet_item where subject = $1"
		id, err := uuid.Parse(testdb.Text(t, url, resource, accounts[0]))
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Orders.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "findings.csv")
		status, out, _ := fleet(t, "reconcile", "-run", "r", "-csv", file)
		if status != 1 || !strings.Contains(out, "1 of these under way") {
			t.Errorf("reconcile ended with exit status %d, expected 1 and one order under way: %s",
				status, out)
		}
		got := state(t)
		if got["cancelled_orders"] != 1.0 || got["under_way"] != 1.0 {
			t.Errorf("the status is %v, expected 1 cancelled order and 1 order under way", got)
		}
	})
}

func TestHelpAndVersion(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	help := succeeds(t, "help")
	for _, want := range []string{"fleet reconcile", "create-configurations", "Exit status: 0"} {
		if !strings.Contains(help, want) {
			t.Errorf("expected %q in the output of fleet help", want)
		}
	}
	if out := succeeds(t, "-version"); !strings.HasPrefix(out, "fleet ") {
		t.Errorf("fleet -version prints %q, expected it to begin with fleet", out)
	}
	status, _, flags := fleet(t, "work", "-h")
	if status != 0 || !strings.Contains(flags, "-in-flight") || strings.Contains(flags, "test") {
		t.Errorf("fleet work -h ended with exit status %d, expected 0 and only the flags for users: %s",
			status, flags)
	}
	if errors := fails(t, strings.Repeat("x", 99)); strings.Contains(errors, strings.Repeat("x", 61)) {
		t.Errorf("the error quotes an unknown command in full, expected at most 60 characters: %s", errors)
	}
}
