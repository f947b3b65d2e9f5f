package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const day = "2026-03-05"

var (
	mix     = uuid.MustParse("65c69f95-c7b9-4c93-9943-a8c7fe4f7aef")
	account = uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030")
)

// customer places orders on a sandbox whose clock moves only when a test sets it.
type customer struct {
	server *sandbox.Sandbox
	client *upvest.Client
}

func newCustomer(t *testing.T) *customer {
	t.Helper()
	server := named.Sandbox(
		t,
		sandbox.WithClock(sandbox.NewClock(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))),
		sandbox.WithSeed(1),
		sandbox.WithState(sandbox.State{
			Allocations: []sandbox.Allocation{
				{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
			},
			Accounts: []sandbox.Account{{ID: account, AllocationID: mix}},
		}),
	)
	client, err := upvest.New(server.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	return &customer{server, client}
}

// place sets the clock of the sandbox to the given time, places the given number of
// orders, and returns their IDs in ascending order.
func (c *customer) place(t *testing.T, at time.Time, count int) []string {
	t.Helper()
	c.server.Clock().Set(at)
	ids := make([]string, count)
	for i := range ids {
		order, err := c.client.Orders.Create(t.Context(), portfolios.OrderRequest{
			AccountID:  account,
			UserID:     uuid.New(),
			CashAmount: "100.00",
			Currency:   portfolios.CurrencyEUR,
			Side:       portfolios.SideBUY,
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = order.ID.String()
	}
	slices.Sort(ids)
	return ids
}

func readIDs(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, record := range records[1:] {
		if record[6] != "100.00" {
			t.Errorf("order %s has the amount %s, want 100.00, as the server sent it", record[0], record[6])
		}
		ids = append(ids, record[0])
	}
	return ids
}

// TestInterruptedRunIsContinued interrupts three runs and completes a fourth run. The
// file must then contain every order of the day exactly once, and the fourth run must not
// read the day from the beginning.
func TestInterruptedRunIsContinued(t *testing.T) {
	s := newCustomer(t)
	midnight := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	s.place(t, midnight.Add(-time.Second), 3)
	want := s.place(t, midnight, 40)
	want = append(want, s.place(t, midnight.Add(24*time.Hour-time.Millisecond), 40)...)
	slices.Sort(want)
	s.place(t, midnight.Add(24*time.Hour), 3)

	path := filepath.Join(t.TempDir(), "orders.csv")
	args := []string{"-day", day, "-to", path, "-page", "4"}
	// number of requests before the interruption
	for _, served := range []int{3, 18, 18} {
		fail := sandbox.Fault{Operation: "list_portfolios_orders", Status: http.StatusBadRequest, Count: -1}
		pass := sandbox.Fault{
			Operation: "list_portfolios_orders",
			Header:    http.Header{"X-Let-Through": {"1"}},
			Count:     served,
		}
		for _, fault := range []sandbox.Fault{pass, fail} {
			if err := s.server.Inject(fault); err != nil {
				t.Fatal(err)
			}
		}
		err := run(t.Context(), args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "orders so far") {
			t.Fatalf("an interrupted run: got the error %v, want one that contains \"orders so far\"", err)
		}
		s.server.ClearFaults()
		tear(t, path+".part")
	}
	written := readIDs(t, whole(t, path+".part"))
	if len(written) == 0 || !slices.Equal(written, want[:len(written)]) {
		t.Fatalf("before the last run: the file has the orders %v, want a non-empty prefix of %v",
			written, want)
	}
	before, err := s.server.Requests()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var bar bytes.Buffer
	if err := run(t.Context(), args, &out, &bar); err != nil {
		t.Fatal(err)
	}
	after, err := s.server.Requests()
	if sent := len(after) - len(before); err != nil || sent > 20 {
		t.Errorf("the last run sent %d requests (error %v), want at most 20 to continue the day", sent, err)
	}
	if got := readIDs(t, path); !slices.Equal(got, want) {
		t.Errorf("the file has %d orders %v,\nwant %d %v", len(got), got, len(want), want)
	}
	if want := path + " has the 80 orders of " + day + ".\n"; out.String() != want {
		t.Errorf("got the output %q, want %q", out.String(), want)
	}
	// The list contains the 80 orders of the day and 3 orders of the first second of the
	// next day.
	if !strings.Contains(bar.String(), "/83") {
		t.Errorf("got the progress bar %q, want one that shows the total 83", bar.String())
	}
	err = run(t.Context(), args, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("with a complete file: got the error %v, want one that contains \"exists already\"", err)
	}
}

// tear removes the end of the file, so that the file ends in the middle of a line, as it
// can after a crash.
func tear(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
}

// whole copies a torn file without its incomplete last line, and returns the path of the
// copy.
func whole(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "whole.csv")
	if err := os.WriteFile(copied, text[:bytes.LastIndexByte(text, '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestInvalidFlagsReturnAnError(t *testing.T) {
	for _, args := range [][]string{{}, {"-day", "5.3.2026"}, {"-no-such-flag"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("run returned no error for the flags %q, want one", args)
		}
	}
}
