package main

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// start starts a sandbox for a test, and the service on it. Every answer of the sandbox is held against the contract.
func start(t *testing.T, options ...upvest.ClientOption) (*sandbox.Sandbox, savings) {
	t.Helper()
	server := sandbox.Start(t)
	client, err := upvest.New(server.Credentials(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return server, savings{client}
}

// plan is the instalment of an account that has a configuration.
func plan(t *testing.T, s savings) instalment {
	t.Helper()
	i := instalment{id: "plan-4711-2026-03", account: uuid.New(), user: uuid.New(), amount: "50.00"}
	allocation, err := s.client.Allocations.Create(t.Context(), portfolios.AllocationRequest{
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.client.Configurations.Create(t.Context(), portfolios.ConfigurationRequest{AccountID: i.account, AllocationID: allocation.ID})
	if err != nil {
		t.Fatal(err)
	}
	return i
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
	i := plan(t, s)
	first, err := s.invest(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.invest(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != first.ID || orders(server) != 1 {
		t.Errorf("the same instalment gave the orders %s and %s, %d in all", first.ID, again.ID, orders(server))
	}
	i.id = "plan-4711-2026-04" // the same account and amount, and another order
	if _, err := s.invest(t.Context(), i); err != nil || orders(server) != 2 {
		t.Errorf("the next instalment: %v, %d orders in all, expected 2", err, orders(server))
	}
}

// The order is placed and the connection breaks, twice: the client's own retries find the order.
func TestBrokenConnection(t *testing.T) {
	server, s := start(t)
	i := plan(t, s)
	inject(t, server, sandbox.Fault{Reset: true, After: true, Count: 2})
	if _, err := s.invest(t.Context(), i); err != nil || orders(server) != 1 {
		t.Errorf("got %v and %d orders, expected 1", err, orders(server))
	}
}

// The network stays away for longer than a call tries: nobody knows what happened, until the service tries again, be it the next day.
func TestUnknownOutcomeIsTakenUpAgain(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	i := plan(t, s)
	inject(t, server, sandbox.Fault{Reset: true, After: true})
	if _, err := s.invest(t.Context(), i); !errors.Is(err, errLater) || !errors.Is(err, upvest.ErrOutcomeUnknown) {
		t.Fatalf("got %v, want an unknown outcome that is for later", err)
	}
	restarted := s // what a new process would make: it knows the instalment alone
	if _, err := restarted.invest(t.Context(), i); err != nil || orders(server) != 1 {
		t.Errorf("got %v and %d orders, expected 1", err, orders(server))
	}
}

func TestWhatAPersonHasToLookAt(t *testing.T) {
	server, s := start(t)
	i := plan(t, s)
	i.account = uuid.New() // without a configuration
	if _, err := s.invest(t.Context(), i); !errors.Is(err, errRejected) || !errors.Is(err, upvest.ErrUnprocessable) {
		t.Errorf("got %v, want a rejection", err)
	}
	if orders(server) != 0 {
		t.Error("an order was placed")
	}
}

func TestServerThatIsDownIsForLater(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	i := plan(t, s)
	inject(t, server, sandbox.Fault{Status: http.StatusServiceUnavailable})
	if _, err := s.invest(t.Context(), i); !errors.Is(err, errLater) {
		t.Errorf("got %v, want it for later", err)
	}
}
