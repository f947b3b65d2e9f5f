package readme_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// investor contains a sandbox, a client of this sandbox, and an order request that the
// sandbox accepts.
type investor struct {
	server      *sandbox.Sandbox
	credentials upvest.Credentials
	client      *upvest.Client
	allocation  *portfolios.Allocation
	request     portfolios.OrderRequest
}

func newInvestor(
	t *testing.T, serverOptions []sandbox.Option, clientOptions ...upvest.ClientOption,
) investor {
	t.Helper()
	mix := uuid.New()
	account := uuid.New()
	state := sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
		},
		Accounts: []sandbox.Account{{ID: account, AllocationID: mix}},
	}
	server := sandbox.Start(t, append(serverOptions, sandbox.WithState(state))...)
	overServer := upvest.WithHTTPClient(&http.Client{Transport: server.Transport()})
	credentials := server.Credentials()
	client, err := upvest.New(credentials, append(clientOptions, overServer)...)
	if err != nil {
		t.Fatal(err)
	}
	allocation, err := client.Allocations.Retrieve(t.Context(), mix)
	if err != nil {
		t.Fatal(err)
	}
	return investor{
		server: server, credentials: credentials, client: client, allocation: allocation,
		request: portfolios.OrderRequest{
			AccountID: account, UserID: uuid.New(), CashAmount: "100.00",
			Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
		},
	}
}

func (i investor) fail(t *testing.T, fault sandbox.Fault) {
	t.Helper()
	if err := i.server.Inject(fault); err != nil {
		t.Fatal(err)
	}
}

// wantOrders fails the test unless err is nil and the server has placed exactly `want`
// orders.
func (i investor) wantOrders(t *testing.T, want int, err error) {
	t.Helper()
	placed, filterErr := i.server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil || filterErr != nil || len(placed) != want {
		t.Errorf("the call returned the error %v, and the sandbox placed %d orders (error %v), "+
			"want no errors and %d orders", err, len(placed), filterErr, want)
	}
}

// TestKeys requires that a client works with a private key that ParsePrivateKey has read.
func TestKeys(t *testing.T) {
	i := newInvestor(t, nil)
	connect := func(
		clientID uuid.UUID, secret, keyID string, text []byte, passphrase, server string,
	) (*upvest.Client, error) {
		key, err := upvest.ParsePrivateKey(text, passphrase)
		if err != nil {
			return nil, err
		}
		client, err := upvest.New(upvest.Credentials{
			BaseURL:      server,
			ClientID:     clientID,
			ClientSecret: secret,
			KeyID:        keyID,
			PrivateKey:   key,
			Scopes:       []string{"portfolios:admin"},
		})
		return client, err
	}
	c := i.credentials
	key := privateKey(t, c.PrivateKey)
	client, err := connect(c.ClientID, c.ClientSecret, c.KeyID, key, "", c.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}); err != nil {
		t.Error(err)
	}
}

// place places an order. If the outcome of the call is unknown or its response is
// unusable, place resumes the call once.
func place(
	ctx context.Context, client *upvest.Client, request portfolios.OrderRequest,
) (*portfolios.Order, error) {
	order, err := client.Orders.Create(ctx, request)
	var failure *upvest.Error
	if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
		errors.As(err, &failure)
		order, err = client.Orders.Create(ctx, request, failure.Resume())
	}
	return order, err
}

// TestUnknownOutcomes requires that each call of the function place results in exactly
// one order if the first request is lost, or if its response is lost or unusable.
func TestUnknownOutcomes(t *testing.T) {
	i := newInvestor(t, nil, upvest.WithoutRetry())
	faults := []sandbox.Fault{
		{After: true, Reset: true},
		{After: true, CutBody: true},
		{After: true, Body: []byte("{")},
		{Reset: true},
	}
	for n, fault := range faults {
		i.fail(t, fault)
		_, err := place(t.Context(), i.client, i.request)
		i.wantOrders(t, n+1, err)
	}
}

// TestUnknownOutcomesOfOtherMethods requires that Resume also resumes calls with PUT,
// PATCH and DELETE. The README shows only how a POST is resumed.
func TestUnknownOutcomesOfOtherMethods(t *testing.T) {
	i := newInvestor(t, nil, upvest.WithoutRetry())
	order, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(options ...upvest.CallOption) error{
		"PUT": func(options ...upvest.CallOption) error {
			request := portfolios.AllocationRequest{Name: "New", Allocation: i.allocation.Allocation}
			_, err := i.client.Allocations.Update(t.Context(), i.allocation.ID, request, options...)
			return err
		},
		"PATCH": func(options ...upvest.CallOption) error {
			request := portfolios.ConfigurationUpdate{AllocationID: api.OptionalUUID(i.allocation.ID)}
			_, err := i.client.Configurations.Update(t.Context(), i.request.AccountID, request, options...)
			return err
		},
		"DELETE": func(options ...upvest.CallOption) error {
			err := i.client.Orders.Cancel(t.Context(), order.ID, options...)
			if errors.Is(err, upvest.ErrConflict) { // the order is already cancelled
				return nil
			}
			return err
		},
	} {
		i.fail(t, sandbox.Fault{After: true, Reset: true})
		err := call()
		var failure *upvest.Error
		if !errors.Is(err, upvest.ErrOutcomeUnknown) || !errors.As(err, &failure) {
			t.Fatalf("%s: the first call returned the error %v, want ErrOutcomeUnknown", name, err)
		}
		if err := call(failure.Resume()); err != nil {
			t.Errorf("%s: the call with Resume returned the error %v, want no error", name, err)
		}
	}
}

// TestDerivedIdempotencyKeys requires that two calls place only one order if their
// idempotency keys are derived from the same event.
func TestDerivedIdempotencyKeys(t *testing.T) {
	i := newInvestor(t, nil)
	placeOnce := func(
		ctx context.Context, client *upvest.Client, request portfolios.OrderRequest,
	) (*portfolios.Order, error) {
		key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings plan 4711, March 2026")
		if err != nil {
			return nil, err
		}
		order, err := client.Orders.Create(ctx, request, upvest.WithIdempotencyKey(key))
		return order, err
	}
	for range 2 {
		_, err := placeOnce(t.Context(), i.client, i.request)
		i.wantOrders(t, 1, err)
	}
}

func printAll(ctx context.Context, client *upvest.Client, account uuid.UUID) error {
	params := portfolios.ListPortfoliosOrdersParams{AccountID: &account}
	for order, err := range client.Orders.All(ctx, params) {
		if err != nil {
			return err
		}
		fmt.Println(order.ID, order.Status)
	}
	return nil
}

func wait(
	ctx context.Context, client *upvest.Client, order *portfolios.Order,
) (*portfolios.Order, error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	order, err := client.Orders.Wait(ctx, order.ID, nil) // FILLED, SETTLED or CANCELLED
	return order, err
}

func TestListsAndWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInvestor(t, []sandbox.Option{
			sandbox.WithoutNetwork(), sandbox.WithOrderDelay(10 * time.Second),
		})
		order, err := i.client.Orders.Create(t.Context(), i.request)
		if err != nil {
			t.Fatal(err)
		}
		order, err = wait(t.Context(), i.client, order)
		if err != nil || order.Status != portfolios.OrderStatusFILLED {
			t.Errorf("got the order %v (error %v), want a filled order", order, err)
		}
		if err := printAll(t.Context(), i.client, i.request.AccountID); err != nil {
			t.Error(err)
		}
	})
}

func TestOptions(t *testing.T) {
	i := newInvestor(t, nil)
	credentials := i.credentials
	client, err := upvest.New(credentials,
		// golang.org/x/time/rate: 250 requests a second, 50 at once
		upvest.WithLimiter(rate.NewLimiter(250, 50)),
		// failures and retries as warnings, the rest at debug level
		upvest.WithLogger(slog.Default()),
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 6}),
		upvest.WithTimeout(20*time.Second), // for a call, including all its attempts
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Orders.Create(t.Context(), i.request,
		upvest.WithTimeout(time.Minute), upvest.WithoutRetry())
	if err != nil {
		t.Error(err)
	}
}

func TestReadingUndocumentedFields(t *testing.T) {
	i := newInvestor(t, nil)
	placed, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"data":[{"id":%q,"initiation_flow":"UPVEST","client_reference":"4711"}],`+
		`"meta":{"count":1,"limit":100,"offset":0,"total_count":1}}`, placed.ID)
	i.fail(t, sandbox.Fault{Operation: "list_portfolios_orders", After: true, Body: []byte(body)})
	var got []string
	read := func(ctx context.Context, client *upvest.Client) error {
		for order, err := range client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{}) {
			if err != nil {
				return err
			}
			var newer struct {
				InitiationFlow  string `json:"initiation_flow"`
				ClientReference string `json:"client_reference"`
			}
			if err := order.Unknown.Decode(&newer); err != nil {
				return err
			}
			got = append(got, newer.InitiationFlow, newer.ClientReference)
		}
		return nil
	}
	err = read(t.Context(), i.client)
	if want := []string{"UPVEST", "4711"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got the undocumented fields %q (error %v), want %q", got, err, want)
	}
}

func TestSendingUndocumentedFields(t *testing.T) {
	i := newInvestor(t, nil)
	write := func(ctx context.Context, client *upvest.Client, request portfolios.OrderRequest) error {
		_, err := client.Orders.Create(ctx, request, upvest.WithBodyField("client_reference", "4711"))
		return err
	}
	if err := write(t.Context(), i.client, i.request); err != nil {
		t.Error(err)
	}
	call := func(
		ctx context.Context, client *upvest.Client, allocation *portfolios.Allocation,
	) (json.RawMessage, error) {
		var accounts json.RawMessage // or your own type
		err := client.Do(ctx, upvest.Request{
			Method: http.MethodGet, Path: "/portfolios/allocations/" + allocation.ID.String() + "/accounts",
		}, &accounts)
		return accounts, err
	}
	_, err := call(t.Context(), i.client, i.allocation)
	// The sandbox responds with 404, because it has no route for this path.
	if !errors.Is(err, upvest.ErrNotFound) {
		t.Errorf("got the error %v, want ErrNotFound", err)
	}
}

// TestSignatureBase requires that the function in WithSignatureBase receives the
// signature base, in which the client has hidden the access token.
func TestSignatureBase(t *testing.T) {
	i := newInvestor(t, nil)
	credentials := i.credentials
	var shown strings.Builder
	out := &shown
	client, err := upvest.New(credentials,
		upvest.WithSignatureBase(func(base string) { fmt.Fprintln(out, base) }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}); err != nil {
		t.Fatal(err)
	}
	base := shown.String()
	if !strings.Contains(base, `"@path": /portfolios/orders`) || !strings.Contains(base, "(hidden)") {
		t.Errorf("got the signature base %q, want one with the path and a hidden token", base)
	}
}
