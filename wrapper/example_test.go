package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// exampleServer stands for Upvest. It gives everybody a token and hands the rest to handle.
func exampleServer(handle http.HandlerFunc) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Upvest-Request-Id", "c0ffee00-0000-4000-8000-000000000001")
		if req.URL.Path == "/auth/token" {
			_, _ = io.WriteString(w, `{"access_token":"ory_at_example","expires_in":1800,"token_type":"bearer"}`)
			return
		}
		handle(w, req)
	}))
}

// exampleCredentials are complete, with a key that nobody trusts.
func exampleCredentials(server *httptest.Server) upvest.Credentials {
	return upvest.Credentials{
		BaseURL:      server.URL,
		ClientID:     uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40"),
		ClientSecret: "secret",
		KeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:   ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Scopes:       []string{"portfolios:admin"},
	}
}

func Example() {
	server := exampleServer(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, allocationBody) })
	defer server.Close()

	client, err := upvest.New(exampleCredentials(server))
	if err != nil {
		fmt.Println(err)
		return
	}
	allocation, err := client.Allocations.Create(context.Background(), portfolios.AllocationRequest{
		Name: "Allocation 1",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.7"},
			{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.3"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := api.Sum(allocation.Allocation[0].Weight, allocation.Allocation[1].Weight)
	fmt.Println(allocation.ID, sum, err)
	// Output: 436244bb-4afd-4002-b53b-b1d7a3bca032 1.0 <nil>
}

func ExampleNew() {
	_, err := upvest.New(upvest.Credentials{
		BaseURL:      "http://api.upvest.co",
		ClientID:     uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40"),
		ClientSecret: "secret",
		KeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:   ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
	}, upvest.WithUserAgent("my-service/1.2"), upvest.WithTimeout(-time.Second))
	fmt.Println(err)
	// Output:
	// make an Upvest client: BaseURL is not https: plain http is accepted for loopback addresses only
	// the list Scopes is empty: name portfolios:read to read, portfolios:admin to read and write
	// timeout: use a positive duration
}

func ExampleFromEnv() {
	for _, name := range []string{
		"UPVEST_API_CLIENT_ID", "UPVEST_API_CLIENT_SECRET", "UPVEST_API_KEY_ID", "UPVEST_API_SCOPES", "UPVEST_API_HTTP_SIGN_PRIVATE_KEY",
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME", "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64",
	} {
		if value, found := os.LookupEnv(name); found {
			defer func() { _ = os.Setenv(name, value) }()
		}
		_ = os.Unsetenv(name)
	}

	credentials, err := upvest.FromEnv()
	if err != nil {
		fmt.Println(strings.NewReplacer(", ", ",\n", ": ", ":\n").Replace(err.Error()))
		return
	}
	fmt.Println(credentials)
	// Output:
	// credentials from the environment:
	// missing in the environment:
	// UPVEST_API_CLIENT_ID,
	// UPVEST_API_CLIENT_SECRET,
	// UPVEST_API_KEY_ID,
	// UPVEST_API_SCOPES,
	// one of UPVEST_API_HTTP_SIGN_PRIVATE_KEY,
	// UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME and UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64:
	// set them to what Upvest gave you for your API client
}

// A write whose outcome is unknown is taken up again with the same idempotency key, now or after a restart: the server then answers
// what it answered, or would have answered, the first time.
func ExampleOrders_Create() {
	var placed atomic.Int32
	var kept atomic.Value // the key that the server has already seen
	server := exampleServer(func(w http.ResponseWriter, req *http.Request) {
		if key := req.Header.Get("Idempotency-Key"); kept.Swap(key) != key {
			placed.Add(1)
			panic(http.ErrAbortHandler) // the order is placed, and the connection breaks
		}
		_, _ = io.WriteString(w, orderBody)
	})
	defer server.Close()
	client, err := upvest.New(exampleCredentials(server), upvest.WithoutRetry()) // retries would do this by themselves
	if err != nil {
		fmt.Println(err)
		return
	}

	request := portfolios.OrderRequest{
		UserID:     uuid.MustParse("2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b"),
		AccountID:  uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3"),
		CashAmount: "1000",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideSELL,
	}
	order, err := client.Orders.Create(context.Background(), request)

	var failure *upvest.Error
	if errors.Is(err, upvest.ErrOutcomeUnknown) && errors.As(err, &failure) {
		fmt.Println("unknown, so once more with the same key")
		order, err = client.Orders.Create(context.Background(), request, upvest.WithIdempotencyKey(failure.IdempotencyKey))
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.ID, order.CashAmount, order.Currency)
	fmt.Println("orders placed:", placed.Load())
	// Output:
	// unknown, so once more with the same key
	// eb5ba93f-5dfe-4bf1-8571-4da0caacc80c 1000 EUR
	// orders placed: 1
}

func ExampleIdempotencyKeyFor() {
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings-plan 4711, March 2026")
	again, _ := upvest.IdempotencyKeyFor("create_portfolios_order", "savings-plan 4711, March 2026")
	fmt.Println(key.Version(), key == again, err)
	// Output: VERSION_5 true <nil>
}

func ExampleOrders_All() {
	server := exampleServer(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, listOf(orderBody)) })
	defer server.Close()
	client, err := upvest.New(exampleCredentials(server))
	if err != nil {
		fmt.Println(err)
		return
	}

	account := uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	for order, err := range client.Orders.All(context.Background(), portfolios.ListPortfoliosOrdersParams{AccountID: &account}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(order.ID, order.Status)
	}
	// Output: eb5ba93f-5dfe-4bf1-8571-4da0caacc80c PROCESSING
}

func ExampleError() {
	server := exampleServer(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"type": "conflict", "status": 409, "detail": "not available for current status"}`)
	})
	defer server.Close()
	client, err := upvest.New(exampleCredentials(server))
	if err != nil {
		fmt.Println(err)
		return
	}

	err = client.Orders.Cancel(context.Background(), uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, upvest.ErrConflict), errors.Is(err, upvest.ErrNotFound))
	var failure *upvest.Error
	if errors.As(err, &failure) {
		fmt.Println("for Upvest's support:", failure.RequestID)
	}
	// Output:
	// cancel_portfolios_order: 409 Conflict: not available for current status [request c0ffee00-0000-4000-8000-000000000001]
	// true false
	// for Upvest's support: c0ffee00-0000-4000-8000-000000000001
}

// A field that is newer than this client is in the answer as received.
func ExampleWithResponse() {
	server := exampleServer(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id": "735381ce-8380-4b07-9e42-97e2b6d3643e", "new": 1}`)
	})
	defer server.Close()
	client, err := upvest.New(exampleCredentials(server))
	if err != nil {
		fmt.Println(err)
		return
	}

	var received upvest.Response
	rebalancing, err := client.Rebalancings.Trigger(context.Background(), portfolios.RebalancingRequest{
		Accounts: []uuid.UUID{uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")},
	}, upvest.WithResponse(&received))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rebalancing.ID, received.Status)
	fmt.Println(string(received.Body))
	// Output:
	// 735381ce-8380-4b07-9e42-97e2b6d3643e 200
	// {"id": "735381ce-8380-4b07-9e42-97e2b6d3643e", "new": 1}
}

// The editors also work alone, on the plain generated client.
func ExampleSignatureEditor() {
	server := exampleServer(func(w http.ResponseWriter, req *http.Request) {
		fmt.Println(req.Header.Get("Authorization"), req.Header.Get("Upvest-Signature-Version"))
		_, _ = io.WriteString(w, orderBody)
	})
	defer server.Close()
	credentials := exampleCredentials(server)
	source, err := upvest.NewTokenSource(credentials)
	if err != nil {
		fmt.Println(err)
		return
	}
	signer, err := upvest.NewSigner(credentials.KeyID, credentials.PrivateKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := portfolios.NewClientWithResponses(server.URL,
		portfolios.WithRequestEditorFn(upvest.VersionEditor()),
		portfolios.WithRequestEditorFn(upvest.ClientIDEditor(credentials.ClientID)),
		portfolios.WithRequestEditorFn(upvest.AcceptEditor()),
		portfolios.WithRequestEditorFn(upvest.IdempotencyKeyEditor(uuid.NewRandom)),
		portfolios.WithRequestEditorFn(upvest.TokenEditor(source)),
		portfolios.WithRequestEditorFn(upvest.SignatureEditor(signer))) // last
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.RetrievePortfoliosOrderWithResponse(context.Background(), uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.StatusCode())
	// Output:
	// Bearer ory_at_example 15
	// 200
}
