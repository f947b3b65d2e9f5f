package readme_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// invest places an order for an event of your own, such as "plan 4711, 2026-03". Within
// 24 hours, any process may call invest again with the same event and order.
func invest(
	ctx context.Context, client *upvest.Client, event string, request portfolios.OrderRequest,
) (*portfolios.Order, error) {
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", event)
	if err != nil {
		return nil, err
	}
	order, err := client.Orders.Create(ctx, request, upvest.WithIdempotencyKey(key))
	switch {
	case err == nil:
		return client.Orders.Wait(ctx, order.ID, nil) // FILLED, SETTLED or CANCELLED
	// Check these two errors first: the order may exist.
	case errors.Is(err, upvest.ErrOutcomeUnknown), errors.Is(err, upvest.ErrAccepted):
		return nil, fmt.Errorf("call again with the same event: %w", err)
	case errors.Is(err, upvest.ErrBadRequest), errors.Is(err, upvest.ErrUnprocessable),
		errors.Is(err, upvest.ErrNotFound), errors.Is(err, upvest.ErrConflict):
		return nil, fmt.Errorf("not placed, and calling again does not help: %w", err)
	default:
		return nil, fmt.Errorf("not placed, call again later: %w", err)
	}
}

// TestQuickReference requires that two calls of the function in the quick reference place
// exactly one order if all responses to the first call are lost.
func TestQuickReference(t *testing.T) {
	mix := uuid.New()
	account := uuid.New()
	server := sandbox.Start(t, sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
		},
		Accounts: []sandbox.Account{{ID: account, AllocationID: mix}},
	}), sandbox.WithOrderDelay(10*time.Millisecond))
	client, err := upvest.New(server.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	request := portfolios.OrderRequest{
		AccountID: account, UserID: uuid.New(), CashAmount: "100.00",
		Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
	}
	// The four attempts of the first call place one order, but all responses are lost.
	fault := sandbox.Fault{Operation: sandbox.CreateOrder, After: true, Reset: true, Count: 4}
	if err := server.Inject(fault); err != nil {
		t.Fatal(err)
	}
	_, err = invest(t.Context(), client, "plan 4711, 2026-03", request)
	if !errors.Is(err, upvest.ErrOutcomeUnknown) {
		t.Errorf("the first call returned the error %v, want ErrOutcomeUnknown", err)
	}
	order, err := invest(t.Context(), client, "plan 4711, 2026-03", request)
	if err != nil || order.Status != portfolios.OrderStatusFILLED {
		t.Errorf("the second call returned the order %v (error %v), want a filled order", order, err)
	}
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil || len(placed) != 1 {
		t.Errorf("the server placed %d orders (error %v), want 1", len(placed), err)
	}
}

// candidates returns the orders that match the request and were created since the first
// attempt.
func candidates(
	ctx context.Context, client *upvest.Client, request portfolios.OrderRequest, first time.Time,
) ([]portfolios.Order, error) {
	var found []portfolios.Order
	params := portfolios.ListPortfoliosOrdersParams{AccountID: &request.AccountID, StartDate: &first}
	for order, err := range client.Orders.All(ctx, params) {
		if err != nil {
			return nil, err
		}
		difference, err := order.CashAmount.Cmp(request.CashAmount)
		if err != nil {
			return nil, err
		}
		isSameKind := order.Currency == request.Currency && string(order.Type) == string(request.Side)
		if difference == 0 && isSameKind {
			found = append(found, order)
		}
	}
	return found, nil
}

// TestCandidatesFindOnlyThePlacedOrder requires that the function candidates finds an
// order that was placed 25 hours earlier, by the order's account, amount, currency and
// side. The function must not find orders with a different amount, or orders that were
// created before the first attempt.
func TestCandidatesFindOnlyThePlacedOrder(t *testing.T) {
	i := newInvestor(t, nil)
	first := time.Now().Add(-time.Second)
	placed, err := i.client.Orders.Create(t.Context(), i.request)
	if err != nil {
		t.Fatal(err)
	}
	other := i.request
	other.CashAmount = "100.01"
	if _, err := i.client.Orders.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	i.server.Clock().Advance(25 * time.Hour)
	same := i.request
	same.CashAmount = "100"
	found, err := candidates(t.Context(), i.client, same, first)
	if err != nil || len(found) != 1 || found[0].ID != placed.ID {
		t.Errorf("got %d candidates (error %v), want only the placed order", len(found), err)
	}
	found, err = candidates(t.Context(), i.client, i.request, time.Now().Add(24*time.Hour))
	if err != nil || len(found) != 0 {
		t.Errorf("got %d candidates (error %v), want none, because all orders precede the first attempt",
			len(found), err)
	}
}

// TestStartingASandbox runs the code in docs/testing.md that starts a sandbox with a
// state.
func TestStartingASandbox(t *testing.T) {
	mix := uuid.New()
	account := uuid.New()
	// The state exists before the first request.
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
	err = server.Inject(sandbox.Fault{Operation: sandbox.CreateOrder, After: true, Reset: true})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := client.Configurations.Retrieve(t.Context(), account)
	if err != nil || configuration.AllocationID != mix {
		t.Errorf("got the configuration %v (error %v), want one with the allocation %s",
			configuration, err, mix)
	}
}

type orders interface {
	Create(
		ctx context.Context, request portfolios.OrderRequest, options ...upvest.CallOption,
	) (*portfolios.Order, error)
}

// fakeOrders is a fake of the orders service. Every call returns the error in the field
// `err`.
type fakeOrders struct{ err error }

func (f fakeOrders) Create(
	context.Context, portfolios.OrderRequest, ...upvest.CallOption,
) (*portfolios.Order, error) {
	return nil, f.err
}

// TestFakes requires that a fake of the orders service can return errors that match the
// client's errors, without a server.
func TestFakes(t *testing.T) {
	var _ orders = (&upvest.Client{}).Orders
	for err, want := range map[*upvest.Error]error{
		{Operation: "create_portfolios_order", Outcome: upvest.OutcomeUnknown}: upvest.ErrOutcomeUnknown,
		{Status: 404}: upvest.ErrNotFound,
	} {
		var fake orders = fakeOrders{err}
		if _, err := fake.Create(t.Context(), portfolios.OrderRequest{}); !errors.Is(err, want) {
			t.Errorf("the fake returned %v, want an error that matches %v", err, want)
		}
	}
}

// TestHTTPProxy requires that a client with the transport in docs/troubleshooting.md
// sends its requests to the proxy.
func TestHTTPProxy(t *testing.T) {
	i := newInvestor(t, nil)
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	proxy, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	credentials := i.credentials
	credentials.BaseURL = "https://upvest.invalid"
	transport := &http.Transport{
		Proxy:               http.ProxyURL(proxy),
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 100,
	}
	client, err := upvest.New(credentials, upvest.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Orders.Retrieve(t.Context(), uuid.New(), upvest.WithoutRetry())
	if err == nil || requests == 0 {
		t.Errorf("got the error %v and %d requests to the proxy, want an error and at least one request",
			err, requests)
	}
}

// TestCompanyCertificate requires that a client with the transport in
// docs/troubleshooting.md trusts a certificate that the operating system does not trust.
func TestCompanyCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	credentials := newInvestor(t, nil).credentials
	credentials.BaseURL = server.URL
	connect := func(companyCertificate []byte) (*upvest.Client, error) {
		authorities, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		if !authorities.AppendCertsFromPEM(companyCertificate) {
			return nil, errors.New("the file has no certificate")
		}
		transport := &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 100,
		}
		client, err := upvest.New(credentials, upvest.WithHTTPClient(&http.Client{Transport: transport}))
		return client, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	client, err := connect(certificate)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Orders.Retrieve(t.Context(), uuid.New())
	var failure *upvest.Error
	isFailure := errors.As(err, &failure)
	if !isFailure || !errors.As(failure.Err, &failure) || failure.Status != http.StatusNotFound {
		t.Errorf("got the error %v, want an error that wraps the 404 response to the token request", err)
	}
}
