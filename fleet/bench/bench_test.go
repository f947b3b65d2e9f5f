// Package bench_test measures a fleet. Run it with `make bench-fleet`.
package bench_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

const (
	small    = 10_000 // the lines in the small run, the baseline for the large run
	inFlight = 100
	warmUp   = 1500 * time.Millisecond
	measured = 3 * time.Second
	theRun   = "bench"
)

// TestMain runs the test of this package, which is the benchmark. In the process that the
// method `direct` starts, TestMain instead places orders without the fleet.
func TestMain(m *testing.M) {
	if file := os.Getenv("BENCH_DIRECT"); file != "" {
		if err := direct(context.Background(), file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// figures are the results of all measurements on one kind of database.
type figures struct {
	// enqueued is in lines a second, status in seconds, rate and large in orders a
	// second, and memory in MiB. Only rate comes from the small run, and memory is the
	// larger value of the two runs.
	enqueued, status, rate, large, memory float64
}

func TestBench(t *testing.T) {
	if os.Getenv("FLEET") != "bench" {
		t.Skip("this takes minutes: run it with make bench-fleet")
	}
	large, err := strconv.Atoi(os.Getenv("FLEET_ACCOUNTS"))
	if err != nil || large < small {
		t.Fatalf("FLEET_ACCOUNTS is less than %d or not a number; the error is %v", small, err)
	}
	b := &bench{T: t, binary: filepath.Join(t.TempDir(), "fleet"), large: large}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", b.binary, "..").CombinedOutput()
	if err != nil {
		t.Fatalf("build the program: %v: %s", err, out)
	}
	b.prepare()
	before := b.direct()
	databases := map[string]figures{}
	for name, address := range map[string]func() string{
		"SQLite":     func() string { return testdb.SQLite(t) },
		"PostgreSQL": func() string { return testdb.Own(t).URL() },
	} {
		if only := os.Getenv("FLEET_DATABASE"); only == "" || only == name {
			databases[name] = b.measure(name, address)
		}
	}
	after := b.direct()
	fmt.Printf("without the fleet: %.0f orders a second before, and %.0f after\n", before, after)
	b.print((before+after)/2, databases["PostgreSQL"], databases["SQLite"])
}

type bench struct {
	*testing.T
	binary, url string
	large       int
}

// account returns the account of a line. The file and the sandbox use these accounts.
// Their ids are spread over the whole range of UUIDs.
func account(i int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, strconv.AppendInt(nil, int64(i), 10))
}

// prepare starts the sandbox with the accounts of the large run.
func (b *bench) prepare() {
	b.Helper()
	accounts := make([]uuid.UUID, b.large)
	for i := range accounts {
		accounts[i] = account(i)
	}
	testapi.New(b, testapi.Following(accounts...))
}

// file writes a file with one order for each of the given number of accounts.
func (b *bench) file(accounts int) (path string) {
	b.Helper()
	var content bytes.Buffer
	content.WriteString("account,user,side,amount,currency\n")
	for i := range accounts {
		fmt.Fprintf(&content, "%s,%s,BUY,25.00,EUR\n", account(i), account(i))
	}
	path = filepath.Join(b.TempDir(), "orders.csv")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// direct starts a separate process that places orders as fast as it can. The process uses
// the client alone, without a database or a queue. direct returns the orders per second.
func (b *bench) direct() (rate float64) {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0])
	command.Env = append(os.Environ(), "BENCH_DIRECT="+b.file(small))
	out, err := command.Output()
	if err == nil {
		rate, err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	}
	if err != nil {
		b.Fatalf("place orders without the fleet: %v", err)
	}
	return rate
}

// measure creates one database for a small run and one for a large run, enqueues the
// runs, and lets a worker place some of the orders of each run. It returns the figures.
func (b *bench) measure(name string, address func() string) (f figures) {
	b.Helper()
	for _, accounts := range []int{small, b.large} {
		b.url = address()
		b.run("migrate", "-rate", "0")
		said := b.run("enqueue", "-run", theRun, b.file(accounts))
		enqueued, err := strconv.ParseFloat(
			regexp.MustCompile(`\((\d+) a second\)`).FindStringSubmatch(said)[1],
			64,
		)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		b.run("status", "-run", theRun)
		f.enqueued = enqueued
		f.status = time.Since(began).Seconds()
		rate, memory := b.work()
		f.memory = max(f.memory, memory)
		f.large = rate
		if accounts == small {
			f.rate = rate
		}
		fmt.Printf(
			"%s, a run of %d lines: %.0f enqueued/s, status in %.2f s, %.0f orders/s, worker %.0f MiB\n",
			name,
			accounts,
			f.enqueued,
			f.status,
			rate,
			memory,
		)
	}
	return f
}

func (b *bench) command(arguments ...string) *exec.Cmd {
	command := exec.CommandContext(b.Context(), b.binary, arguments...)
	command.Env = append(os.Environ(), "DATABASE_URL="+b.url)
	command.Stderr = os.Stderr
	return command
}

func (b *bench) run(arguments ...string) string {
	b.Helper()
	out, err := b.command(arguments...).Output()
	if err != nil {
		b.Fatalf("fleet %v: %v", arguments, err)
	}
	return string(out)
}

// work lets a worker place orders for a while, and returns its orders per second and its
// peak memory.
func (b *bench) work() (rate, memory float64) {
	b.Helper()
	l, err := ledger.Connect(b.Context(), b.url, database.Options{Connections: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	worker := b.command("work", "-in-flight", strconv.Itoa(inFlight))
	if err := worker.Start(); err != nil {
		b.Fatal(err)
	}
	run, err := l.Run(b.Context(), theRun)
	if err != nil {
		b.Fatal(err)
	}
	placed := func() int {
		counts, err := l.Count(b.Context(), run.ID)
		if err != nil {
			b.Fatal(err)
		}
		return counts.Done
	}
	time.Sleep(warmUp)
	before := placed()
	began := time.Now()
	time.Sleep(measured)
	passed := time.Since(began).Seconds()
	after := placed()
	if after >= small {
		b.Errorf("the worker placed %d orders before the measurement ended, want fewer than %d", after, small)
	}
	rate = float64(after-before) / passed
	memory, err = peak(worker.Process.Pid)
	if err != nil {
		b.Error(err)
	}
	if err := errors.Join(worker.Process.Signal(os.Interrupt), worker.Wait()); err != nil {
		b.Errorf("the worker ended with the error %v, expected none", err)
	}
	return rate, memory
}

// peak returns the largest resident memory of a process in MiB, as reported by Linux. On
// other systems, peak returns 0.
func peak(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the worker's memory: %w", err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0, fmt.Errorf("read the worker's memory: %s", status)
	}
	kib, err := strconv.ParseFloat(string(found[1]), 64)
	return kib / 1024, err
}

func (b *bench) print(alone float64, postgres, sqlite figures) {
	row := func(name, wanted, form string, postgres, sqlite float64) {
		fmt.Printf(
			"| %-52s | %14s | %10s | %10s |\n",
			name,
			wanted,
			fmt.Sprintf(form, postgres),
			fmt.Sprintf(form, sqlite),
		)
	}
	fmt.Printf(
		"\n| %-52s | %14s | %10s | %10s |\n|---|---:|---:|---:|\n",
		"",
		"wanted",
		"PostgreSQL",
		"SQLite",
	)
	row("orders a second without the fleet", "", "%.0f", alone, alone)
	row(fmt.Sprintf("orders a second, %d waiting", small), "", "%.0f", postgres.rate, sqlite.rate)
	row(
		fmt.Sprintf("rate with %d waiting / rate without the fleet", small),
		"0.4",
		"%.2f",
		postgres.rate/alone,
		sqlite.rate/alone,
	)
	row(fmt.Sprintf("orders a second, %d waiting", b.large), "", "%.0f", postgres.large, sqlite.large)
	row(
		fmt.Sprintf("rate with %d waiting / rate with %d waiting", b.large, small),
		"0.9",
		"%.2f",
		postgres.large/postgres.rate,
		sqlite.large/sqlite.rate,
	)
	row("orders enqueued a second", "15000 | 4000", "%.0f", postgres.enqueued, sqlite.enqueued)
	row(fmt.Sprintf("status of a run of %d in seconds", b.large), "1", "%.2f", postgres.status, sqlite.status)
	row("memory of a worker in MiB", "64", "%.0f", postgres.memory, sqlite.memory)
}
