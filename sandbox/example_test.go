package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// This repository's client calls a sandbox in the same process. The sandbox places the
// order and breaks the connection. The client sends the request again with the same
// idempotency key, and receives the order.
func Example() {
	server, err := sandbox.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client, err := upvest.New(server.Credentials())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	// Every account and user exists, unless WithAccounts limits them.
	account := uuid.New()
	user := uuid.New()
	allocation, err := client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID: account, AllocationID: allocation.ID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	err = server.Inject(sandbox.Fault{Operation: sandbox.CreateOrder, After: true, Reset: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID:  account,
		UserID:     user,
		CashAmount: "100.00",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.CashAmount, order.Currency)
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("orders placed:", len(placed))
	// Output:
	// 100.00 EUR
	// orders placed: 1
}

// Requests can be built and signed in any language. This request has no signature, so the
// sandbox refuses it. The detail of the response names what is wrong with the request.
func ExampleNew() {
	server, err := sandbox.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	request, err := http.NewRequest(http.MethodGet, server.URL()+"/portfolios/orders", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Upvest-Client-Id", server.Client().ID.String())
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Content-Type"))
	// Output: 401 Unauthorized application/problem+json
}

// Faults wait for their requests in the order in which they were injected.
func ExampleSandbox_Inject() {
	server, err := sandbox.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	for _, fault := range []sandbox.Fault{
		{Operation: sandbox.TokenOperation, Status: http.StatusServiceUnavailable, Count: 2},
		// The sandbox places the order and breaks the connection.
		{Operation: sandbox.CreateOrder, After: true, Reset: true},
		{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}}},
		{Operation: "no_such_operation"},
	} {
		fmt.Println(server.Inject(fault))
	}
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// inject a fault: operation "no_such_operation" is not an operationId of openapi.yaml, nor "token"
}

// If the clock stands still, orders change their status only when the test moves the
// clock. A test that waits for an order, for instance with Orders.Wait, needs a clock
// that moves, as the default clock does. A short order delay (WithOrderDelay) keeps the
// wait short.
func ExampleWithClock() {
	start := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	server, err := sandbox.New(sandbox.WithClock(sandbox.NewClock(start)), sandbox.WithOrderDelay(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	server.Clock().Advance(time.Hour)
	fmt.Println(server.Clock().Now())
	// Output: 2026-03-05 13:00:00 +0000 UTC
}

// Start ends the sandbox when the test ends. If the test fails, Start logs the refused
// requests.
func ExampleStart() {
	account := uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030")
	mix := uuid.MustParse("65c69f95-c7b9-4c93-9943-a8c7fe4f7aef")
	_ = func(t *testing.T) { //nolint:thelper // your TestOrderIsPlacedOnce
		// The allocation and the account exist before the first request.
		server := sandbox.Start(t, sandbox.WithState(sandbox.State{
			Allocations: []sandbox.Allocation{
				{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
			},
			Accounts: []sandbox.Account{{ID: account, AllocationID: mix}},
		}))
		client, err := upvest.New(server.Credentials())
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Orders.Create(t.Context(), portfolios.OrderRequest{
			AccountID:  account,
			UserID:     uuid.New(),
			CashAmount: "50.00",
			Currency:   portfolios.CurrencyEUR,
			Side:       portfolios.SideBUY,
		})
		if err != nil {
			t.Fatal(err)
		}
		placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder), sandbox.OfAccount(account))
		if err != nil || len(placed) != 1 {
			t.Errorf("the account has %d orders with the error %v, want exactly one", len(placed), err)
		}
	}
	// Output:
}
