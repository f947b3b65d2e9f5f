//go:build unix

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// theRun is the name of the run that each test carries out.
const theRun = "january"

// fleet is a run whose workers are separate processes that send their requests to a
// sandbox.
type fleet struct {
	*testing.T
	url      string
	accounts []uuid.UUID
	file     string // the CSV file with the run's lines
	sandbox  *sandbox.Sandbox
	ledger   *ledger.Ledger
	started  time.Time

	binary  string        // the program that commands and new workers run
	ahead   time.Duration // how far the program's times are ahead of the database's clock
	overlay string        // the file for go build -overlay, with the planted defects
}

// size returns the number of accounts that the environment variable FLEET_ACCOUNTS sets,
// or the fallback if the variable is not set.
func size(t *testing.T, fallback int) int {
	t.Helper()
	text := os.Getenv("FLEET_ACCOUNTS")
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("read the number of accounts from FLEET_ACCOUNTS: %v", err)
	}
	return n
}

// newFleet starts a sandbox whose accounts follow an allocation, builds the program, and
// enqueues a run with one purchase for each account.
func newFleet(t *testing.T, url string, accounts, rate int) *fleet {
	t.Helper()
	f := prepare(t, url, accounts)
	f.build()
	f.enqueue(rate)
	return f
}

// prepare writes the file of a run and starts a sandbox with the accounts of the run.
func prepare(t *testing.T, url string, accounts int, options ...sandbox.Option) *fleet {
	t.Helper()
	f := &fleet{T: t, url: url, started: time.Now()}
	var file bytes.Buffer
	file.WriteString("account,user,side,amount,currency\n")
	for i := range accounts {
		f.accounts = append(f.accounts, uuid.New())
		fmt.Fprintf(&file, "%s,%s,BUY,%s,EUR\n", f.accounts[i], userOf(f.accounts[i]), amountOf(i))
	}
	f.file = filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(f.file, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	options = append([]sandbox.Option{
		sandbox.WithClock(sandbox.NewMovingClock(time.Now())), testapi.Following(f.accounts...),
	}, options...)
	f.sandbox = testapi.Start(t, options...)
	return f
}

// userOf returns the user of an account.
func userOf(account uuid.UUID) uuid.UUID { return uuid.NewSHA1(account, []byte("user")) }

// amountOf returns the amount of a line.
func amountOf(line int) string { return fmt.Sprintf("%d.%02d", 10+line%90, line%100) }

// enqueue creates the tables with a rate limit, and enqueues the run.
func (f *fleet) enqueue(rate int) {
	f.Helper()
	f.succeeds("migrate", "-rate", strconv.Itoa(rate))
	f.sayf("%s", f.succeeds("enqueue", "-run", theRun, f.file))
	f.open()
}

// open opens the ledger in the fleet's database.
func (f *fleet) open() {
	f.Helper()
	l, err := ledger.Connect(f.Context(), f.url, database.Options{Connections: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = l.Close() })
	f.ledger = l
}

// build builds the program with the defects that the test has planted. The times that the
// program writes to the database are ahead of the database's clock by f.ahead.
func (f *fleet) build() {
	f.Helper()
	file, err := program(f.Context(), f.ahead.String(), f.overlay)
	if err != nil {
		f.Fatal(err)
	}
	f.binary = file
}

// plant plants defects and rebuilds the program. Each defect replaces a string in a
// source file.
func (f *fleet) plant(defects ...defect) {
	f.Helper()
	directory := f.TempDir()
	replaced := map[string]string{}
	for i, d := range defects {
		source, err := os.ReadFile(d.file)
		if err != nil {
			f.Fatal(err)
		}
		if bytes.Count(source, []byte(d.old)) != 1 {
			f.Fatalf("%s does not contain %q exactly once, expected one place for the defect", d.file, d.old)
		}
		changed := filepath.Join(directory, fmt.Sprintf("defect%d.go", i))
		text := bytes.Replace(source, []byte(d.old), []byte(d.new), 1)
		if err := os.WriteFile(changed, text, 0o600); err != nil {
			f.Fatal(err)
		}
		path, err := filepath.Abs(d.file)
		if err != nil {
			f.Fatal(err)
		}
		replaced[path] = changed
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		f.Fatal(err)
	}
	f.overlay = filepath.Join(directory, "overlay.json")
	if err := os.WriteFile(f.overlay, content, 0o600); err != nil {
		f.Fatal(err)
	}
	f.build()
}

// defect is a mistake in a source file: the string `new` replaces the string `old`.
type defect struct{ file, old, new string }

// sayf prints the name of the test, the seconds since the test began, and a message.
// Without the name, the messages of parallel tests could not be told apart.
func (f *fleet) sayf(format string, arguments ...any) {
	fmt.Printf(
		"%-19s %6.1fs  %s\n",
		f.Name(),
		time.Since(f.started).Seconds(),
		strings.TrimSpace(fmt.Sprintf(format, arguments...)),
	)
}

func (f *fleet) command(arguments ...string) *exec.Cmd {
	command := exec.CommandContext(f.Context(), f.binary, arguments...)
	command.Env = append(os.Environ(), f.sandbox.Environ()...)
	command.Env = append(command.Env, "DATABASE_URL="+f.url)
	return command
}

// run runs a command, and returns its exit status and its output. The test fails at once
// if the command fails (exit status 2).
func (f *fleet) run(arguments ...string) (status int, out string) {
	f.Helper()
	var errorsTo bytes.Buffer
	command := f.command(arguments...)
	command.Stderr = &errorsTo
	printed, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.Fatal(err)
	}
	if command.ProcessState.ExitCode() == 2 {
		f.Fatalf("fleet %v failed with exit status 2: %s", arguments, errorsTo.String())
	}
	return command.ProcessState.ExitCode(), string(printed)
}

func (f *fleet) succeeds(arguments ...string) string {
	f.Helper()
	status, out := f.run(arguments...)
	if status != 0 {
		f.Fatalf("fleet %v ended with exit status %d, expected 0: %s", arguments, status, out)
	}
	return out
}

// worker is a process that runs the command `fleet work`.
type worker struct {
	*exec.Cmd
	f      *fleet
	log    string
	waited bool
}

func (f *fleet) work() *worker {
	f.Helper()
	log, err := os.CreateTemp(f.TempDir(), "worker-*.log")
	if err != nil {
		f.Fatal(err)
	}
	defer log.Close()
	w := &worker{f: f, log: log.Name(), Cmd: f.command("work", "-in-flight", "20")}
	w.Stderr = log
	if err := w.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(w.kill)
	return w
}

// kill ends the process at once, as kill -9 does.
func (w *worker) kill() {
	if !w.waited {
		w.waited = true
		_ = w.Process.Kill()
		_ = w.Wait()
	}
}

func (w *worker) signal(signal os.Signal) {
	w.f.Helper()
	if err := w.Process.Signal(signal); err != nil {
		w.f.Fatalf("send a signal to a worker: %v", err)
	}
}

// drain ends the worker with SIGTERM, as a deployment does, and waits until the worker
// has ended. The worker must end with exit status 0.
func (w *worker) drain() {
	w.f.Helper()
	w.signal(syscall.SIGTERM)
	w.waited = true
	if err := w.Wait(); err != nil {
		log, _ := os.ReadFile(w.log)
		w.f.Errorf("a worker ended after SIGTERM with the error %v, expected none; its log: %s", err, log)
	}
}

// await waits until the counts of the run meet a condition, and returns the counts.
func (f *fleet) await(what string, limit time.Duration, isSo func(ledger.Counts) bool) ledger.Counts {
	f.Helper()
	var last ledger.Counts
	said := time.Now()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		counts, err := f.count()
		if err != nil {
			continue // the test may have stopped the database
		}
		last = counts
		if isSo(counts) {
			f.sayf("%s: %s", what, describe(counts))
			return counts
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			f.sayf("%s", describe(counts))
		}
	}
	f.Fatalf("waited %s in vain for the state %q; the last state of the run: %s", limit, what, describe(last))
	return last
}

func (f *fleet) count() (ledger.Counts, error) {
	run, err := f.ledger.Run(f.Context(), theRun)
	if err != nil {
		return ledger.Counts{}, err
	}
	return f.ledger.Count(f.Context(), run.ID)
}

func describe(c ledger.Counts) string {
	return fmt.Sprintf("%d of %d decided, %d found, %d refused, %d unknown, %d to review",
		c.Decided(), c.Total(), c.Found, c.Refused, c.Unknown, c.Review)
}

func isDone(c ledger.Counts) bool { return c.Decided() == c.Total() }

// inject makes the sandbox inject a fault into requests that place orders.
func (f *fleet) inject(fault sandbox.Fault) {
	f.Helper()
	fault.Operation = testapi.Create
	if err := f.sandbox.Inject(fault); err != nil {
		f.Error(err)
	}
}

// injectFaults injects faults until the test calls `stop`. Each time the server has
// received the given number of requests that place orders, injectFaults injects one
// fault. If it injected faults at a fixed rate, they could accumulate until every request
// fails.
func (f *fleet) injectFaults(requests int) (stop func()) {
	random := rand.New(rand.NewPCG(1, 1))
	faults := []sandbox.Fault{
		{Status: http.StatusServiceUnavailable},
		{Status: http.StatusBadGateway, After: true},
		{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}},
		{Reset: true},
		{Reset: true, After: true},
		{CutBody: true},
		{Delay: 2 * time.Second, After: true},
		{After: true, Body: []byte("<html>"), ContentType: "text/html"},
	}
	ctx, cancel := context.WithCancel(f.Context())
	var injecting sync.WaitGroup
	injecting.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		var last uint64
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			seen, err := f.sandbox.Requests(sandbox.OfOperation(testapi.Create), sandbox.After(last))
			if err != nil {
				f.Error(err)
			}
			for range len(seen) / requests {
				f.inject(faults[random.IntN(len(faults))])
			}
			if len(seen) >= requests {
				last = seen[len(seen)-1].Number
			}
		}
	})
	stop = func() {
		cancel()
		injecting.Wait()
		f.sandbox.ClearFaults()
	}
	f.Cleanup(stop)
	return stop
}

// loseResponses injects a fault into every request that places an order, and waits until
// at least the given number of lines have an unknown outcome. The caller must clear the
// fault. If the fleet holds the run because of the fault, loseResponses resumes the run.
func (f *fleet) loseResponses(unknown int, fault sandbox.Fault) {
	f.Helper()
	f.sandbox.ClearFaults()
	f.inject(fault)
	for range 40 {
		f.succeeds("resume", "-run", theRun)
		time.Sleep(3 * time.Second)
		counts, err := f.count()
		if err != nil {
			f.Fatal(err)
		}
		if counts.Unknown >= unknown {
			f.sayf("responses are lost: %s", describe(counts))
			return
		}
	}
	f.Fatalf("waited two minutes, but the run still has fewer than %d unknown outcomes", unknown)
}

// expectDoubles checks that at least the given number of accounts have more than one
// order, and that the reconciliation reports a finding.
func (f *fleet) expectDoubles(least int) {
	f.Helper()
	status, out := f.run("reconcile", "-run", theRun)
	f.Log(out)
	_, more, _ := f.perAccount()
	f.sayf("%d accounts have more than one order; the reconciliation ended with exit status %d", more, status)
	if status != 1 || more < least {
		f.Errorf("reconcile ended with exit status %d, expected 1; "+
			"%d accounts have more than one order, expected %d or more", status, more, least)
	}
}

// jump moves the server's clock 25 hours ahead. Workers that start after this call write
// times that are 25 hours further ahead, too.
func (f *fleet) jump() {
	f.advance(25 * time.Hour)
	f.sayf("25 hours later, Upvest no longer keeps the idempotency keys")
}

// advance moves the server's clock ahead by a duration. Programs that start after this
// call write times that are further ahead by the same duration.
func (f *fleet) advance(d time.Duration) {
	f.Helper()
	f.ahead += d
	f.build()
	f.sandbox.Clock().Advance(d)
}

// perAccount counts the accounts for which the server lists exactly one order, more than
// one, or none. It does not depend on the command reconcile.
func (f *fleet) perAccount() (once, more, none int) {
	f.Helper()
	counts := map[uuid.UUID]int{}
	limit := portfolios.Limit(1000)
	params := portfolios.ListPortfoliosOrdersParams{Limit: &limit}
	client := testapi.ClientOf(f, f.sandbox.Credentials())
	for order, err := range client.Orders.All(f.Context(), params, upvest.WithPagesAhead(2)) {
		if err != nil {
			f.Fatal(err)
		}
		counts[order.AccountID]++
	}
	for _, account := range f.accounts {
		switch counts[account] {
		case 0:
			none++
		case 1:
			once++
		default:
			more++
		}
	}
	return once, more, none
}

// expectOnce checks that each account has exactly one order. It runs the command
// reconcile, and also counts the orders in the server's list.
func (f *fleet) expectOnce() {
	f.Helper()
	status, out := f.run("reconcile", "-run", theRun)
	f.sayf("%s", out)
	if status != 0 {
		f.Errorf("reconcile ended with exit status %d, expected 0", status)
	}
	once, more, none := f.perAccount()
	f.sayf("%d accounts have exactly one order at the server, %d have more, %d have none", once, more, none)
	if once != len(f.accounts) {
		f.Errorf("%d of %d accounts have exactly one order, expected all of them", once, len(f.accounts))
	}
}
