package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const (
	world = api.InstrumentID("IE00B0M62Q58")
	apple = api.InstrumentID("US0378331005")
)

var (
	mixID   = uuid.MustParse("19030e36-49d4-4889-9773-6339d2e3ceee")
	savings = uuid.MustParse("dce29887-b5ed-4fa4-9a8a-8aa83dece777")
	owner   = uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")
)

// invested returns an option for an account that follows an allocation and holds 100 EUR.
func invested() sandbox.Option {
	return sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{{
			ID: mixID, Name: "Mix", Weights: map[api.InstrumentID]api.Decimal{world: "0.7", apple: "0.3"},
		}},
		Accounts: []sandbox.Account{
			{
				ID: savings, AllocationID: mixID,
				Holdings: map[api.InstrumentID]api.Decimal{world: "60", apple: "40"},
			},
		},
	})
}

// started returns a sandbox without a network, and a client that calls it.
func started(t *testing.T, options ...sandbox.Option) (*sandbox.Sandbox, *upvest.Client) {
	t.Helper()
	s := sandbox.Start(t, append([]sandbox.Option{sandbox.WithoutNetwork()}, options...)...)
	client, err := upvest.New(s.Credentials(), upvest.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

func buy(t *testing.T, client *upvest.Client, side portfolios.Side, amount api.Decimal) *portfolios.Order {
	t.Helper()
	placed, err := client.Orders.Create(t.Context(), portfolios.OrderRequest{
		UserID: owner, AccountID: savings, CashAmount: amount, Currency: portfolios.CurrencyEUR, Side: side,
	})
	if err != nil {
		t.Fatal(err)
	}
	return placed
}

// TestStart is a complete test, as a user of the sandbox would write it. The test loads a
// state, makes a call with a fault, lets time pass, resets the sandbox, and checks the
// effects.
func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := started(t, invested(), sandbox.WithOrderDelay(time.Hour))
		lost := sandbox.Fault{Operation: sandbox.CreateOrder, After: true, Reset: true}
		if err := s.Inject(lost); err != nil {
			t.Fatal(err)
		}
		placed := buy(t, client, portfolios.SideBUY, "50")
		ofAccount := []sandbox.Filter{
			sandbox.OfOperation(sandbox.CreateOrder), sandbox.OfAccount(savings),
		}
		if n := len(effects(t, s, ofAccount...)); n != 1 {
			t.Errorf("the account has %d orders, want exactly one", n)
		}
		sent := requests(t, s, ofAccount...)
		if len(sent) != 2 || !sent[0].Fault || !sent[1].Replayed ||
			sent[0].IdempotencyKey != sent[1].IdempotencyKey ||
			!strings.Contains(sent[0].Body, `"50"`) || sent[0].Header.Get("Content-Digest") == "" {
			t.Errorf("got the requests %+v, want one with the fault, then its replay with the same key", sent)
		}
		time.Sleep(2 * time.Hour)
		done, err := client.Orders.Retrieve(t.Context(), placed.ID)
		if err != nil || done.Status != portfolios.OrderStatusFILLED {
			t.Errorf("two hours later, the order is %v with the error %v, want it FILLED", done, err)
		}

		s.Reset()
		page, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
		if err != nil || len(page.Data) != 1 || page.Data[0].ID != mixID || page.Data[0].Name != "Mix" ||
			len(page.Data[0].Allocation) != 2 {
			t.Errorf("after the reset, the list is %+v with the error %v, want the initial state", page, err)
		}
		if _, err := client.Orders.Retrieve(t.Context(), placed.ID); !errors.Is(err, upvest.ErrNotFound) {
			t.Errorf("after the reset, retrieving the order returned the error %v, want ErrNotFound", err)
		}
		if n := len(effects(t, s)); n != 0 {
			t.Errorf("got %d effects after the reset, want none", n)
		}
		if sent := requests(t, s); len(sent) != 2 || sent[0].Number != 1 {
			t.Errorf("got the requests %+v after the reset, want two, numbered from 1", sent)
		}
	})
}

// TestHoldingsAndPrices requires that the sandbox fills a SELL of up to 90 percent of the
// value of the holdings at current prices, and cancels a larger SELL.
func TestHoldingsAndPrices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := started(t, invested(), sandbox.WithOrderDelay(time.Hour))
		status := func(side portfolios.Side, amount api.Decimal) portfolios.OrderStatus {
			t.Helper()
			placed := buy(t, client, side, amount)
			time.Sleep(2 * time.Hour)
			done, err := client.Orders.Retrieve(t.Context(), placed.ID)
			if err != nil {
				t.Fatal(err)
			}
			return done.Status
		}
		set := func(id api.InstrumentID, price api.Decimal) {
			t.Helper()
			if err := s.SetPrice(id, price); err != nil {
				t.Fatal(err)
			}
		}
		if got := status(portfolios.SideSELL, "90.01"); got != portfolios.OrderStatusCANCELLED {
			t.Errorf("a sale of more than 90 percent of 100 is %s, want CANCELLED", got)
		}
		set(world, "2") // 120 + 40
		if got := status(portfolios.SideSELL, "144.01"); got != portfolios.OrderStatusCANCELLED {
			t.Errorf("a sale of more than 90 percent of 160 is %s, want CANCELLED", got)
		}
		set(world, "1.5") // 90 + 40
		if got := status(portfolios.SideSELL, "117"); got != portfolios.OrderStatusFILLED {
			t.Errorf("a sale of 90 percent of 130 is %s, want FILLED", got)
		}
		// A sale that is PROCESSING sells fixed quantities, even if the prices change. At
		// the old prices, the quantities of this sale were worth 10 of the remaining 13
		// EUR.
		open := buy(t, client, portfolios.SideSELL, "10")
		time.Sleep(time.Hour)
		for _, id := range []api.InstrumentID{world, apple} {
			set(id, map[api.InstrumentID]api.Decimal{world: "0.15", apple: "0.1"}[id])
		}
		time.Sleep(time.Hour)
		if done, err := client.Orders.Retrieve(t.Context(), open.ID); err != nil ||
			done.Status != portfolios.OrderStatusFILLED {
			t.Errorf("the open sale is %+v with the error %v, want it FILLED", done, err)
		}
		closing, err := client.Orders.CreateLiquidationRequest(t.Context(), savings,
			portfolios.LiquidationRequest{UserID: owner})
		if err != nil || closing.CashAmount != "0.3" {
			t.Errorf("the liquidation is %+v with the error %v, want the cash amount 0.3", closing, err)
		}
	})
}

func TestInvalidStatesAndPricesAreRefused(t *testing.T) {
	for detail, state := range map[string]sandbox.State{
		"is not a client of this sandbox": {ClientID: uuid.New()},
		"weights that sum to exactly 1": {Allocations: []sandbox.Allocation{{
			ID: mixID, Weights: map[api.InstrumentID]api.Decimal{world: "0.7"},
		}}},
		"expected an id that is not zero": {Allocations: []sandbox.Allocation{{
			Weights: map[api.InstrumentID]api.Decimal{world: "1"},
		}}},
		"there is no allocation":      {Accounts: []sandbox.Account{{ID: savings, AllocationID: mixID}}},
		"expected every account once": {Accounts: []sandbox.Account{{ID: savings}, {ID: savings}}},
		"expected an ISIN or a UUID": {Accounts: []sandbox.Account{{
			ID: savings, Holdings: map[api.InstrumentID]api.Decimal{"AAPL": "1"},
		}}},
		"not an amount": {Accounts: []sandbox.Account{{
			ID: savings, Holdings: map[api.InstrumentID]api.Decimal{world: "-1"},
		}}},
		"there is no account 00000000-0000": {Accounts: []sandbox.Account{{}}},
	} {
		_, err := sandbox.New(sandbox.WithoutListener(), sandbox.WithState(state))
		if err == nil || !strings.Contains(err.Error(), detail) {
			t.Errorf("New returned the error %v, want one that contains %q", err, detail)
		}
	}
	s := sandbox.Start(t, sandbox.WithoutListener())
	for _, price := range []api.Decimal{"0", "-1", "many"} {
		if err := s.SetPrice(world, price); err == nil {
			t.Errorf("SetPrice accepted the invalid price %q", price)
		}
	}
	if err := s.SetPrice("AAPL", "1"); err == nil {
		t.Error("SetPrice accepted an invalid instrument")
	}
}

// recorded is a fake test that records its log.
type recorded struct {
	*testing.T
	failed  bool
	lines   []string
	cleanup []func()
}

func (r *recorded) Cleanup(end func()) { r.cleanup = append(r.cleanup, end) }
func (r *recorded) Failed() bool       { return r.failed }
func (r *recorded) Logf(format string, a ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, a...))
}

// TestStartLogsRefusals requires that Start logs refused requests if the test fails, and
// nothing if the test passes.
func TestStartLogsRefusals(t *testing.T) {
	for _, failed := range []bool{true, false} {
		r := &recorded{T: t, failed: failed}
		s := sandbox.Start(r)
		response, err := http.Get(s.URL() + "/portfolios/unknown")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		for _, end := range r.cleanup {
			end()
		}
		want := "sandbox: request 1, GET /portfolios/unknown, was refused: 404 there is nothing at this path"
		if failed != slices.Equal(r.lines, []string{want}) {
			t.Errorf("a test (failed: %t) logged %q, want the refusal if the test failed, otherwise nothing",
				failed, r.lines)
		}
		if _, err := http.Get(s.URL()); err == nil {
			t.Error("the sandbox still runs after the test")
		}
	}
}

// TestShutdownWaits requires that Shutdown waits for requests in progress that end before
// the context passed to Shutdown ends.
func TestShutdownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := started(t, invested())
		late := sandbox.Fault{Operation: sandbox.ListAllocations, Delay: 10 * time.Second}
		if err := s.Inject(late); err != nil {
			t.Fatal(err)
		}
		responded := make(chan error)
		go func() {
			_, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
			responded <- err
		}()
		synctest.Wait()
		shut := make(chan error)
		go func() { shut <- s.Shutdown(t.Context()) }()
		if err := <-responded; err != nil {
			t.Errorf("the request in progress failed: %v", err)
		}
		if err := <-shut; err != nil {
			t.Errorf("Shutdown returned the error %v, want none", err)
		}
	})
}
