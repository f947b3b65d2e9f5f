package readme_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// investor is somebody with an account that is ready for orders.
type investor struct {
	server      *sandbox.Sandbox
	credentials upvest.Credentials
	client      *upvest.Client
	allocation  *portfolios.Allocation
	request     portfolios.OrderRequest
}

func newInvestor(t *testing.T, options ...upvest.ClientOption) investor {
	t.Helper()
	mix, account := uuid.New(), uuid.New()
	server := sandbox.Start(t, sandbox.WithOrderDelay(10*time.Millisecond), sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}}},
		Accounts:    []sandbox.Account{{ID: account, AllocationID: mix}},
	}))
	credentials := server.Credentials()
	client, err := upvest.New(credentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	allocation, err := client.Allocations.Retrieve(t.Context(), mix)
	if err != nil {
		t.Fatal(err)
	}
	return investor{
		server:      server,
		credentials: credentials,
		client:      client,
		allocation:  allocation,
		request: portfolios.OrderRequest{
			AccountID: account, UserID: uuid.New(), CashAmount: "100.00", Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
		},
	}
}

func (i investor) fail(t *testing.T, fault sandbox.Fault) {
	t.Helper()
	if err := i.server.Inject(fault); err != nil {
		t.Fatal(err)
	}
}

func (i investor) orders() int {
	return len(i.server.Effects(sandbox.OfOperation("create_portfolios_order")))
}

func TestKeys(t *testing.T) {
	i := newInvestor(t)
	connect := func(clientID uuid.UUID, secret, keyID string, text []byte, passphrase, server string) (*upvest.Client, error) {
		key, err := upvest.ParsePrivateKey(text, passphrase)
		if err != nil {
			return nil, err
		}
		client, err := upvest.New(upvest.Credentials{
			BaseURL: server, ClientID: clientID, ClientSecret: secret, KeyID: keyID, PrivateKey: key,
			Scopes: []string{"portfolios:admin"},
		})
		return client, err
	}
	c := i.credentials
	client, err := connect(c.ClientID, c.ClientSecret, c.KeyID, privateKey(t, c.PrivateKey), "", c.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}); err != nil {
		t.Error(err)
	}
}

func TestUnknownOutcomes(t *testing.T) {
	i := newInvestor(t, upvest.WithoutRetry())
	place := func(ctx context.Context, client *upvest.Client, request portfolios.OrderRequest) (*portfolios.Order, error) {
		order, err := client.Orders.Create(ctx, request)
		var failure *upvest.Error
		if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
			errors.As(err, &failure)
			order, err = client.Orders.Create(ctx, request, failure.Resume())
		}
		return order, err
	}
	faults := []sandbox.Fault{{After: true, Reset: true}, {After: true, CutBody: true}, {After: true, Body: []byte("{")}, {Reset: true}}
	for n, fault := range faults {
		i.fail(t, fault)
		if _, err := place(t.Context(), i.client, i.request); err != nil || i.orders() != n+1 {
			t.Errorf("%+v: got %v and %d orders, expected %d", fault, err, i.orders(), n+1)
		}
	}
}

// The line that takes up a POST does it for PUT, PATCH and DELETE, too.
func TestUnknownOutcomesOfOtherMethods(t *testing.T) {
	i := newInvestor(t, upvest.WithoutRetry())
	order, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(options ...upvest.CallOption) error{
		"PUT": func(options ...upvest.CallOption) error {
			_, err := i.client.Allocations.Update(t.Context(), i.allocation.ID,
				portfolios.AllocationRequest{Name: "New", Allocation: i.allocation.Allocation}, options...)
			return err
		},
		"PATCH": func(options ...upvest.CallOption) error {
			_, err := i.client.Configurations.Update(t.Context(), i.request.AccountID,
				portfolios.ConfigurationUpdate{AllocationID: api.OptionalUUID(i.allocation.ID)}, options...)
			return err
		},
		"DELETE": func(options ...upvest.CallOption) error {
			err := i.client.Orders.Cancel(t.Context(), order.ID, options...)
			if errors.Is(err, upvest.ErrConflict) { // of an order that is cancelled already
				return nil
			}
			return err
		},
	} {
		i.fail(t, sandbox.Fault{After: true, Reset: true})
		err := call()
		var failure *upvest.Error
		if !errors.Is(err, upvest.ErrOutcomeUnknown) || !errors.As(err, &failure) {
			t.Fatalf("%s: got %v, want an unknown outcome", name, err)
		}
		if err := call(failure.Resume()); err != nil {
			t.Errorf("%s taken up again: %v", name, err)
		}
	}
}

func TestIdempotencyKeysOfOnesOwn(t *testing.T) {
	i := newInvestor(t)
	place := func(ctx context.Context, client *upvest.Client, request portfolios.OrderRequest) (*portfolios.Order, error) {
		key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings plan 4711, March 2026")
		if err != nil {
			return nil, err
		}
		order, err := client.Orders.Create(ctx, request, upvest.WithIdempotencyKey(key))
		return order, err
	}
	for range 2 {
		if _, err := place(t.Context(), i.client, i.request); err != nil || i.orders() != 1 {
			t.Errorf("got %v and %d orders, expected 1", err, i.orders())
		}
	}
}

func TestListsAndWaiting(t *testing.T) {
	i := newInvestor(t)
	printAll := func(ctx context.Context, client *upvest.Client, account uuid.UUID) error {
		for order, err := range client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &account}) {
			if err != nil {
				return err
			}
			fmt.Println(order.ID, order.Status)
		}
		return nil
	}
	wait := func(ctx context.Context, client *upvest.Client, order *portfolios.Order) (*portfolios.Order, error) {
		ctx, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		order, err := client.Orders.Wait(ctx, order.ID, nil) // FILLED, SETTLED or CANCELLED
		return order, err
	}
	order, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	if order, err = wait(t.Context(), i.client, order); err != nil || order.Status != portfolios.OrderStatusFILLED {
		t.Errorf("got %v, %v, want a filled order", order, err)
	}
	if err := printAll(t.Context(), i.client, i.request.AccountID); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	i := newInvestor(t)
	credentials := i.credentials
	client, err := upvest.New(credentials,
		upvest.WithLimiter(rate.NewLimiter(250, 50)), // of golang.org/x/time/rate: 250 requests a second, 50 at once
		upvest.WithLogger(slog.Default()),            // failures and retries as warnings, the rest at debug level
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 6}),
		upvest.WithTimeout(20*time.Second), // of a call with all its attempts
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.Create(t.Context(), i.request, upvest.WithTimeout(2*time.Second), upvest.WithoutRetry()); err != nil {
		t.Error(err)
	}
}

func TestNewerThanThisClient(t *testing.T) {
	i := newInvestor(t)
	placed, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"id":%q,"status":"SETTLED","client_reference":"4711"}`, placed.ID)
	i.fail(t, sandbox.Fault{Operation: "retrieve_portfolios_order", After: true, Body: []byte(body)})
	read := func(ctx context.Context, client *upvest.Client, order *portfolios.Order) (string, error) {
		var answer upvest.Response
		order, err := client.Orders.Retrieve(ctx, order.ID, upvest.WithResponse(&answer), upvest.WithQuery("expand", "all"))
		if err != nil {
			return "", err
		}
		var newer struct {
			ClientReference string `json:"client_reference"`
		}
		if err := answer.Decode(&newer); err != nil {
			return "", err
		}
		return string(order.Status) + " " + newer.ClientReference, nil
	}
	if reference, err := read(t.Context(), i.client, placed); err != nil || reference != "SETTLED 4711" {
		t.Errorf("got %q, %v, want a status and a member that are newer", reference, err)
	}
	write := func(ctx context.Context, client *upvest.Client, request portfolios.OrderRequest) error {
		_, err := client.Orders.Create(ctx, request, upvest.WithBodyField("client_reference", "4711"))
		return err
	}
	if err := write(t.Context(), i.client, i.request); err != nil {
		t.Error(err)
	}
	call := func(ctx context.Context, client *upvest.Client, allocation *portfolios.Allocation) (json.RawMessage, error) {
		var accounts json.RawMessage // or any type of yours
		err := client.Do(ctx, upvest.Request{
			Method: http.MethodGet, Path: "/portfolios/allocations/" + allocation.ID.String() + "/accounts",
		}, &accounts)
		return accounts, err
	}
	if _, err := call(t.Context(), i.client, i.allocation); !errors.Is(err, upvest.ErrNotFound) { // signed, and not in this sandbox
		t.Errorf("got %v, want 404", err)
	}
}

func TestSignatureBase(t *testing.T) {
	i := newInvestor(t)
	credentials := i.credentials
	var shown strings.Builder
	out := &shown
	client, err := upvest.New(credentials, upvest.WithSignatureBase(func(base string) { fmt.Fprintln(out, base) }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown.String(), `"@path": /portfolios/orders`) || !strings.Contains(shown.String(), "(hidden)") {
		t.Errorf("got %q, want the base with a masked token", shown.String())
	}
}

// repository is the folder of the README, from this package.
var repository = filepath.Join("..", "..")
