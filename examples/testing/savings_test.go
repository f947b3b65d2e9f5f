package main

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var (
	mix  = uuid.MustParse("65c69f95-c7b9-4c93-9943-a8c7fe4f7aef")
	user = uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")
	// march is the instalment of an account that is ready for orders.
	march = instalment{
		id:      "plan-4711-2026-03",
		account: uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030"),
		user:    user,
		amount:  "50.00",
	}
)

// start starts a sandbox for a test, with an account that follows an allocation, and the
// service on it.
func start(t *testing.T, options ...upvest.ClientOption) (*sandbox.Sandbox, savings) {
	t.Helper()
	server := sandbox.Start(t, sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
		},
		Accounts: []sandbox.Account{{ID: march.account, AllocationID: mix}},
	}))
	client, err := upvest.New(server.Credentials(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return server, savings{client}
}

// orders counts what was really placed, whatever anybody was told.
func orders(server *sandbox.Sandbox) int {
	return len(server.Effects(sandbox.OfOperation("create_portfolios_order")))
}

func inject(t *testing.T, server *sandbox.Sandbox, fault sandbox.Fault) {
	t.Helper()
	fault.Operation = "create_portfolios_order"
	if err := server.Inject(fault); err != nil {
		t.Fatal(err)
	}
}

func TestEachInstalmentIsInvestedOnce(t *testing.T) {
	server, s := start(t)
	i := march
	first, err := s.invest(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.invest(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != first.ID || orders(server) != 1 {
		t.Errorf(
			"the same instalment gave the orders %s and %s, %d in all",
			first.ID,
			again.ID,
			orders(server),
		)
	}
	i.id = "plan-4711-2026-04" // the same account and amount, and another order
	if _, err := s.invest(t.Context(), i); err != nil || orders(server) != 2 {
		t.Errorf("the next instalment: %v, %d orders in all, expected 2", err, orders(server))
	}
}

// The order is placed and the connection breaks, twice: the client's own retries find the
// order.
func TestBrokenConnection(t *testing.T) {
	server, s := start(t)
	inject(t, server, sandbox.Fault{Reset: true, After: true, Count: 2})
	if _, err := s.invest(t.Context(), march); err != nil || orders(server) != 1 {
		t.Errorf("got %v and %d orders, expected 1", err, orders(server))
	}
}

// The network stays away for longer than a call tries: nobody knows what happened, until
// the service tries again, be it the next day.
func TestUnknownOutcomeIsTakenUpAgain(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	inject(t, server, sandbox.Fault{Reset: true, After: true})
	if _, err := s.invest(
		t.Context(),
		march,
	); !errors.Is(err, errLater) ||
		!errors.Is(err, upvest.ErrOutcomeUnknown) {
		t.Fatalf("got %v, want an unknown outcome that is for later", err)
	}
	restarted := s // what a new process would make: it knows the instalment alone
	if _, err := restarted.invest(t.Context(), march); err != nil || orders(server) != 1 {
		t.Errorf("got %v and %d orders, expected 1", err, orders(server))
	}
}

func TestWhatAPersonHasToLookAt(t *testing.T) {
	server, s := start(t)
	i := march
	i.account = uuid.New() // without a configuration
	if _, err := s.invest(
		t.Context(),
		i,
	); !errors.Is(err, errRejected) ||
		!errors.Is(err, upvest.ErrUnprocessable) {
		t.Errorf("got %v, want a rejection", err)
	}
	if orders(server) != 0 {
		t.Error("an order was placed")
	}
}

func TestServerThatIsDownIsForLater(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	inject(t, server, sandbox.Fault{Status: http.StatusServiceUnavailable})
	if _, err := s.invest(t.Context(), march); !errors.Is(err, errLater) {
		t.Errorf("got %v, want it for later", err)
	}
}
