package program_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/program"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// fleet runs a command, and returns its exit status and what it printed.
func fleet(t *testing.T, arguments ...string) (status int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = program.Run(t.Context(), arguments, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// succeeds runs a command that must succeed, and returns what it printed.
func succeeds(t *testing.T, arguments ...string) string {
	t.Helper()
	status, out, errors := fleet(t, arguments...)
	if status != 0 {
		t.Fatalf("fleet %v ended with exit status %d, expected 0: %s%s", arguments, status, out, errors)
	}
	return out
}

// migrated sets DATABASE_URL to a new database with tables.
func migrated(t *testing.T) {
	t.Helper()
	t.Setenv("DATABASE_URL", testdb.SQLite(t))
	succeeds(t, "migrate", "-rate", "0")
}

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const header = "account,user,side,amount,currency\n"

// userOf returns the user of an account.
func userOf(account uuid.UUID) uuid.UUID { return uuid.NewSHA1(account, []byte("user")) }

// orders writes a file with one purchase for each of `count` new accounts, and returns
// the path of the file and the accounts.
func orders(t *testing.T, count int) (path string, accounts []uuid.UUID) {
	t.Helper()
	var content strings.Builder
	content.WriteString(header)
	for i := range count {
		account := uuid.New()
		accounts = append(accounts, account)
		fmt.Fprintf(&content, "%s,%s,BUY,%d.00,EUR\n", account, userOf(account), 10+i%50)
	}
	return write(t, content.String()), accounts
}

func TestEveryInvalidLineIsReportedAndNothingIsWritten(t *testing.T) {
	migrated(t)
	good := "11111111-1111-4111-8111-111111111111,22222222-2222-4222-8222-222222222222,BUY,1.50,EUR\n"
	status, _, errors := fleet(t, "enqueue", "-run", "r", write(t, header+good+
		good+
		"x,22222222-2222-4222-8222-222222222222,HOLD,0.00,USD\n"+
		"\n"+
		"33333333-3333-4333-8333-333333333333,22222222-2222-4222-8222-222222222222,SELL\n"+
		"44444444-4444-4444-8444-444444444444,22222222-2222-4222-8222-222222222222,SELL,1e3,EUR\n"+
		"55555555-5555-4555-8555-555555555555,00000000-0000-0000-0000-000000000000,SELL,\"1\"0,EUR\n"+
		"x\"y,z\n"))
	if status != 2 {
		t.Errorf("enqueue ended with exit status %d for invalid lines, expected 2", status)
	}
	for _, want := range []string{
		"line 3: account 11111111-1111-4111-8111-111111111111 is also in line 2",
		`line 4: account: "x" is not a UUID; side "HOLD" is neither BUY nor SELL; ` +
			`amount "0.00" is not greater than 0; currency "USD" is not EUR`,
		"line 6: 3 fields, expected 5", "line 7: ", "line 8: ", `line 9: bare " in non-quoted-field`,
		"6 invalid lines",
	} {
		if !strings.Contains(errors, want) {
			t.Errorf("expected %q in the errors of enqueue:\n%s", want, errors)
		}
	}
	if status, _, errors := fleet(t, "status"); status != 2 || !strings.Contains(errors, "no run yet") {
		t.Errorf("after enqueue failed, status ended with exit status %d, expected 2 and no run: %s",
			status, errors)
	}
}

func TestTheFirstLineMustNameTheFields(t *testing.T) {
	migrated(t)
	for content, want := range map[string]string{
		"": `not ""`, "account;user\n": "semicolons", "\"": "parse error on line 1",
	} {
		if status, _, errors := fleet(t, "enqueue", "-run", "r", write(t, content)); status != 2 ||
			!strings.Contains(errors, want) {
			t.Errorf("enqueue of the file %q ended with exit status %d and the error %q, expected 2 and %q",
				content, status, errors, want)
		}
	}
	if status, _, errors := fleet(t, "enqueue", "-run", "r", write(t, header)); status != 2 ||
		!strings.Contains(errors, "no lines") {
		t.Errorf("enqueue ended with exit status %d for a file without lines, expected 2: %s", status, errors)
	}
}

func TestEnqueueingAgainAddsNothingAndChangesNothing(t *testing.T) {
	migrated(t)
	path, _ := orders(t, 300)
	if out := succeeds(t, "enqueue", "-run", "r", path); !strings.Contains(
		out,
		"300 lines added, 0 existed already",
	) {
		t.Errorf("enqueue printed %q, expected 300 new lines", out)
	}
	if out := succeeds(t, "enqueue", "-run", "r", path); !strings.Contains(
		out,
		"0 lines added, 300 existed already",
	) {
		t.Errorf("enqueue printed %q, expected 300 lines that existed already", out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := write(t, strings.Replace(string(content), ",10.00,", ",10.01,", 1))
	if status, _, errors := fleet(t, "enqueue", "-run", "r", other); status != 2 ||
		!strings.Contains(errors, "line 2: account") {
		t.Errorf("enqueue ended with exit status %d for a changed amount, expected 2: %s", status, errors)
	}
	if out := succeeds(t, "status"); !strings.Contains(out, "0 of 300 lines decided") {
		t.Errorf("status printed %q, expected 300 lines, none of them decided", out)
	}
}

// worked lets the given number of workers carry out the latest run, and returns the
// output of status -watch.
func worked(t *testing.T, count int, arguments ...string) (watched string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for range count {
		workers.Go(func() {
			var out, errors bytes.Buffer
			status := program.Run(ctx, append([]string{"work"}, arguments...), &out, &errors)
			log := errors.String()
			// A worker that is stopped before its database responds does not start.
			hasStarted := strings.Contains(log, "msg=started")
			if status != 0 || hasStarted != strings.Contains(log, "msg=stopped") {
				t.Errorf("a worker ended with exit status %d, expected 0, and "+
					"both or neither of msg=started and msg=stopped in its log: %s",
					status, log)
			}
		})
	}
	watched = succeeds(t, "status", "-watch")
	stop()
	workers.Wait()
	return watched
}

func TestWorkersPlaceEachOrderOnce(t *testing.T) {
	s := testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 60)
	testapi.Follow(t, testapi.Client(t), accounts...)
	if err := s.Inject(sandbox.Fault{Operation: testapi.Create, Status: 400}); err != nil {
		t.Fatal(err)
	}
	succeeds(t, "enqueue", "-run", "r", path)
	watched := worked(t, 2, "-in-flight", "4")
	if !strings.Contains(watched, "60 of 60") || !strings.Contains(watched, "1 refused") {
		t.Errorf("status -watch printed %q, expected 60 decided lines, 1 of them refused", watched)
	}
	if got := testapi.Orders(s); got != 59 {
		t.Errorf("%d orders were placed, expected 59 of 60, because the server refused one", got)
	}
}

// TestAnAttemptBeginsWhenItsSlotIsDue runs a worker while the next slot of the fleet is
// due in the distant future. Every job must be postponed without an attempt, because an
// attempt that sends nothing would count as a request that may have placed an order.
func TestAnAttemptBeginsWhenItsSlotIsDue(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		testapi.New(t)
		t.Setenv("DATABASE_URL", url)
		succeeds(t, "migrate", "-rate", "20")
		path, accounts := orders(t, 5)
		testapi.Follow(t, testapi.Client(t), accounts...)
		succeeds(t, "enqueue", "-run", "r", path)
		distant := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		testdb.Execute(t, url, "update {schema}fleet_setting set next = $1", distant.UnixMicro())

		serving(t, "(msg=started)", "work")
		// River counts in the metadata of a job how often the job was postponed.
		const postponed = `select count(*) from {schema}river_job
			where cast(metadata as text) like '%snoozes%'`
		for testdb.Text(t, url, postponed) != "5" {
			runtime.Gosched()
		}
		if got := testdb.Text(t, url, "select sum(attempts) from {schema}fleet_item"); got != "0" {
			t.Errorf("the worker began %s attempts before a slot was due, expected none", got)
		}
	})
}

func TestAWorkerWaitsForItsDatabase(t *testing.T) {
	testapi.New(t)
	t.Setenv("DATABASE_URL", "postgres://127.0.0.1:1/none?sslmode=disable&connect_timeout=1")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	var out, errors bytes.Buffer
	if status := program.Run(ctx, []string{"work"}, &out, &errors); status != 2 ||
		!strings.Contains(errors.String(), "wait for the database") {
		t.Errorf("the worker ended with exit status %d, expected 2 after waiting for the database: %s",
			status, errors.String())
	}
}

func TestIncorrectUseIsExplained(t *testing.T) {
	t.Setenv("DATABASE_URL", "mysql://x")
	for _, arguments := range [][]string{
		nil,
		{"fly"},
		{"migrate"},
		{"migrate", "x"},
		{"enqueue"},
		{"enqueue", "-run", "r", "missing.csv"},
		{"work", "-in-flight", "0"},
		{"status"},
	} {
		if status, _, errors := fleet(t, arguments...); status != 2 || errors == "" {
			t.Errorf("fleet %v ended with exit status %d and the error %q, expected 2 and an explanation",
				arguments, status, errors)
		}
	}
}
