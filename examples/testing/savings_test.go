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
	// march is an instalment for an account that accepts orders.
	march = instalment{
		id:      "plan-4711-2026-03",
		account: uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030"),
		user:    user,
		amount:  "50.00",
	}
)

// start returns a sandbox with an account that follows an allocation, and a service that
// calls this sandbox.
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

// orders returns the number of orders that the sandbox has placed. Orders whose responses
// were lost are included.
func orders(t *testing.T, server *sandbox.Sandbox) int {
	t.Helper()
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil {
		t.Fatal(err)
	}
	return len(placed)
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
	if again.ID != first.ID || orders(t, server) != 1 {
		t.Errorf("got the order IDs %s and %s, and %d orders in the sandbox; want equal IDs and 1 order",
			first.ID, again.ID, orders(t, server))
	}
	i.id = "plan-4711-2026-04" // a separate order for the same account and amount
	if _, err := s.invest(t.Context(), i); err != nil || orders(t, server) != 2 {
		t.Errorf("the next instalment: got the error %v and %d orders, want no error and 2 orders",
			err, orders(t, server))
	}
}

// In TestRetryAfterABrokenConnection, the sandbox places the order on the client's first
// attempt, but the connection breaks before the first and the second response. The
// client's retries must return the order, and must not place another order.
func TestRetryAfterABrokenConnection(t *testing.T) {
	server, s := start(t)
	inject(t, server, sandbox.Fault{Reset: true, After: true, Count: 2})
	if _, err := s.invest(t.Context(), march); err != nil || orders(t, server) != 1 {
		t.Errorf("after two lost responses: got the error %v and %d orders, want no error and 1 order",
			err, orders(t, server))
	}
}

// In TestRefusalAfterAnUnknownOutcome, the sandbox places the order, the connection
// breaks, and the sandbox refuses the client's retry. The service must return errLater,
// not errRejected, because the order exists.
func TestRefusalAfterAnUnknownOutcome(t *testing.T) {
	server, s := start(t)
	inject(t, server, sandbox.Fault{Reset: true, After: true})
	inject(t, server, sandbox.Fault{Status: http.StatusUnprocessableEntity})
	_, err := s.invest(t.Context(), march)
	if !errors.Is(err, upvest.ErrUnprocessable) || orders(t, server) != 1 {
		t.Fatalf("got the error %v and %d orders, want ErrUnprocessable and 1 order", err, orders(t, server))
	}
	if errors.Is(err, errRejected) || !errors.Is(err, errLater) {
		t.Errorf("got the error %v, want errLater instead of errRejected", err)
	}
	if _, err := s.invest(t.Context(), march); err != nil || orders(t, server) != 1 {
		t.Errorf("the second call: got the error %v and %d orders, want no error and 1 order",
			err, orders(t, server))
	}
}

// TestSecondCallResolvesAnUnknownOutcome requires that a second call of invest returns
// the order if the first call ended with an unknown outcome. The client makes no retries
// in this test, so a single fault makes the first call fail.
func TestSecondCallResolvesAnUnknownOutcome(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	inject(t, server, sandbox.Fault{Reset: true, After: true})
	_, err := s.invest(t.Context(), march)
	if !errors.Is(err, errLater) || !errors.Is(err, upvest.ErrOutcomeUnknown) {
		t.Fatalf("got the error %v, want errLater and ErrOutcomeUnknown", err)
	}
	// This copy represents a new process, in which only the instalment is known.
	restarted := s
	if _, err := restarted.invest(t.Context(), march); err != nil || orders(t, server) != 1 {
		t.Errorf("after the restart: got the error %v and %d orders, want no error and 1 order",
			err, orders(t, server))
	}
}

func TestInstalmentForAnAccountWithoutAConfigurationIsRejected(t *testing.T) {
	server, s := start(t)
	i := march
	i.account = uuid.New() // without a configuration
	_, err := s.invest(t.Context(), i)
	if !errors.Is(err, errRejected) || !errors.Is(err, upvest.ErrUnprocessable) {
		t.Errorf("got the error %v, want errRejected and ErrUnprocessable", err)
	}
	if orders(t, server) != 0 {
		t.Error("the sandbox placed an order for the rejected instalment, want no order")
	}
}

func TestInstalmentIsTriedLaterIfTheServerIsUnavailable(t *testing.T) {
	server, s := start(t, upvest.WithoutRetry())
	inject(t, server, sandbox.Fault{Status: http.StatusServiceUnavailable})
	if _, err := s.invest(t.Context(), march); !errors.Is(err, errLater) {
		t.Errorf("with an unavailable server: got the error %v, want errLater", err)
	}
}
