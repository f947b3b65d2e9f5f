package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// These options apply to a client. The package golang.org/x/time/rate contains a limiter
// for WithLimiter.
func ExampleClientOption() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials,
		upvest.WithHTTPClient(&http.Client{Transport: http.DefaultTransport}),
		upvest.WithUserAgent("my-service/1.2"),
		upvest.WithLogger(slog.Default()),
		upvest.WithAttemptHook(func(_ context.Context, attempt upvest.Attempt) {
			fmt.Println(attempt.Operation, attempt.Number, attempt.Status)
		}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Orders.List(context.Background(), portfolios.ListPortfoliosOrdersParams{})
	fmt.Println(err)
	// Output:
	// token 1 200
	// list_portfolios_orders 1 200
	// <nil>
}

// These options apply to a client or to a single call.
func ExampleOption() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials,
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 6, MaxDelay: 4 * time.Second}),
		upvest.WithTimeout(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Orders.List(context.Background(), portfolios.ListPortfoliosOrdersParams{},
		upvest.WithTimeout(2*time.Second),
		upvest.WithoutRetry(),
		upvest.WithQuery("not_covered_by_this_client", "true"))
	fmt.Println(err)
	// Output:
	// <nil>
}

// These options apply to a whole list. In this example, the client requests the next page
// while the caller handles the current page.
func ExampleAllOption() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	pageSize := int32(1000)
	params := portfolios.ListPortfoliosAllocationsParams{Limit: &pageSize}
	list := client.Allocations.All(context.Background(), params, upvest.WithPagesAhead(1))
	for allocation, err := range list {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(allocation.Name)
	}
	// Output: Allocation 1
}

// These options apply to a single call. They set an idempotency key that is derived from
// the caller's own ID of the order, add a field that this client does not cover, and keep
// the response as received.
func ExampleCallOption() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings plan 4711, March 2026")
	if err != nil {
		log.Fatal(err)
	}
	request := portfolios.OrderRequest{
		AccountID:  uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3"),
		UserID:     uuid.MustParse("2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b"),
		CashAmount: "1000",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideSELL,
	}
	var response upvest.Response
	_, err = client.Orders.Create(context.Background(), request,
		upvest.WithIdempotencyKey(key),
		upvest.WithBodyField("client_reference", "4711"),
		upvest.WithResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, response.Header.Get("upvest-request-id"))
	// Output:
	// 200 c0ffee00-0000-4000-8000-000000000001
}

// If this client does not cover a field, a program can decode the field from the
// response.
func ExampleResponse_Decode() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	id := uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c")
	var response upvest.Response
	order, err := client.Orders.Retrieve(context.Background(), id, upvest.WithResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	var newer struct {
		ClientReference string `json:"client_reference"`
	}
	err = response.Decode(&newer)
	fmt.Println(order.Status, newer.ClientReference, err)
	// Output:
	// FILLED 4711 <nil>
}

// The signature base, with the token masked, helps to find out why a server refuses a
// signature.
func ExampleWithSignatureBase() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials, upvest.WithSignatureBase(func(base string) {
		fmt.Println(strings.Split(base, "\n")[1])
	}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Orders.List(context.Background(), portfolios.ListPortfoliosOrdersParams{})
	fmt.Println(err)
	// Output:
	// "@path": /auth/token
	// "@path": /portfolios/orders
	// <nil>
}

// Do calls an operation that this client does not cover.
func ExampleClient_Do() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	execution := "735381ce-8380-4b07-9e42-97e2b6d3643e"
	var orders struct {
		Data []struct {
			ID uuid.UUID `json:"portfolio_order_id"`
		} `json:"data"`
	}
	err = client.Do(context.Background(), upvest.Request{
		Method: http.MethodGet,
		Path:   "/portfolios/rebalancings/executions/" + execution + "/orders",
		Query:  url.Values{"limit": {"100"}},
	}, &orders)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(orders.Data[0].ID)
	// Output:
	// eb5ba93f-5dfe-4bf1-8571-4da0caacc80c
}

func ExampleError() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	err = client.Orders.Cancel(context.Background(), uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, upvest.ErrConflict), errors.Is(err, upvest.ErrNotFound))
	if failure, ok := errors.AsType[*upvest.Error](err); ok {
		fmt.Println("outcome:", failure.Outcome)
		fmt.Println("request ID for Upvest's support:", failure.RequestID)
	}
	// Output:
	// cancel_portfolios_order: 409 Conflict: not available for current status [request c0ffee00-0000-4000-8000-000000000001]
	// true false
	// outcome: refused
	// request ID for Upvest's support: c0ffee00-0000-4000-8000-000000000001
}
