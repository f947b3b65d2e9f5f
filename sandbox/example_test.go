package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// A client of this repository on a sandbox in the same process. The order is placed and the connection breaks: the client finds out.
func Example() {
	server, err := sandbox.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	access := server.Client()
	client, err := upvest.New(upvest.Credentials{
		BaseURL: server.URL(), ClientID: access.ID, ClientSecret: access.Secret,
		KeyID: access.KeyID, PrivateKey: access.PrivateKey, Scopes: access.Scopes,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	account, user := uuid.New(), uuid.New() // every account and user exists, unless WithAccounts names those that do
	allocation, err := client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Configurations.Create(ctx, portfolios.ConfigurationRequest{AccountID: account, AllocationID: allocation.ID})
	if err != nil {
		fmt.Println(err)
		return
	}

	err = server.Inject(sandbox.Fault{Operation: "create_portfolios_order", After: true, Reset: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID: account, UserID: user, CashAmount: "100.00", Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.CashAmount, order.Currency)
	for _, effect := range server.Effects() {
		fmt.Println(effect.Operation)
	}
	// Output:
	// 100.00 EUR
	// create_portfolios_allocation
	// create_portfolios_configuration
	// create_portfolios_order
}

// Requests can be signed by hand, in any language: what is wrong with one stands in the detail of the answer.
func ExampleNew() {
	server, err := sandbox.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	request, err := http.NewRequest(http.MethodGet, server.URL()+"/portfolios/orders", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Upvest-Client-Id", server.Client().ID.String())
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, answer.Header.Get("Content-Type"))
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
		{Operation: "create_portfolios_order", After: true, Reset: true}, // the order is placed, and the connection breaks
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

// With a clock that stands still, orders move on when the test says so. A test that waits for them, as Orders.Wait does, needs one that
// moves: the default does, and WithOrderDelay makes it quick.
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

// A closed world: only these accounts exist, each with its owner.
func ExampleWithAccounts() {
	account, user := uuid.New(), uuid.New()
	server, err := sandbox.New(sandbox.WithAccounts(map[uuid.UUID]uuid.UUID{account: user}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	fmt.Println(len(server.Effects()))
	// Output: 0
}
