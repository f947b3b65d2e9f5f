package sandbox_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const mockParts = api.InstrumentID("IE00B5M1WJ87")

var pension = uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030")

// busy starts a sandbox that has orders of every kind in different stages. It returns the
// idempotency key of the first order.
func busy(t *testing.T) (s *sandbox.Sandbox, client *upvest.Client, key uuid.UUID) {
	t.Helper()
	s, client = dumpable(t, sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{{
			ID:      mixID,
			Weights: map[api.InstrumentID]api.Decimal{world: "0.3", apple: "0.3", mockParts: "0.4"},
		}},
		Accounts: []sandbox.Account{
			{
				ID: savings, AllocationID: mixID,
				Holdings: map[api.InstrumentID]api.Decimal{world: "600", apple: "400"},
			},
			{ID: pension, AllocationID: mixID, Holdings: map[api.InstrumentID]api.Decimal{world: "1"}},
		},
		Prices: map[api.InstrumentID]api.Decimal{world: "81.77"},
	}))
	key = uuid.New()
	order(t, client, key)
	_, err := client.Rebalancings.Trigger(t.Context(),
		portfolios.RebalancingRequest{Accounts: []uuid.UUID{savings, pension}})
	if err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(20 * time.Minute)
	buy(t, client, portfolios.SideSELL, "100")
	s.Clock().Advance(20 * time.Minute)
	plan := sandbox.UpvestOrder{
		AccountID: savings, Side: "BUY", CashAmount: "7", InitiationFlow: "SAVINGS_PLAN",
	}
	if _, err := s.PlaceOrder(plan); err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(47 * time.Minute)
	cancelHalfway(t, client)
	followed := portfolios.ConfigurationUpdate{AllocationID: api.OptionalUUID(mixID)}
	if _, err := client.Configurations.Update(t.Context(), pension, followed); err != nil {
		t.Fatal(err)
	}
	withdrawn := buy(t, client, portfolios.SideBUY, "5")
	if err := client.Orders.Cancel(t.Context(), withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	_, err = client.Orders.CreateLiquidationRequest(t.Context(), savings,
		portfolios.LiquidationRequest{UserID: owner})
	if err != nil {
		t.Fatal(err)
	}
	return s, client, key
}

// cancelHalfway cancels a rebalancing between its sale and its purchase, so that cash
// remains.
func cancelHalfway(t *testing.T, client *upvest.Client) {
	t.Helper()
	account := pension
	orders, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{
		AccountID: &account,
	})
	if err != nil || len(orders.Data) != 1 {
		t.Fatalf("got the orders %+v with the error %v, want only the order of the rebalancing", orders, err)
	}
	if err := client.Orders.Cancel(t.Context(), orders.Data[0].ID); err != nil {
		t.Fatal(err)
	}
}

// order places an order with the given idempotency key.
func order(t *testing.T, client *upvest.Client, key uuid.UUID) *portfolios.Order {
	t.Helper()
	placed, err := client.Orders.Create(t.Context(), portfolios.OrderRequest{
		UserID: owner, AccountID: savings, CashAmount: "1000", Currency: portfolios.CurrencyEUR,
		Side: portfolios.SideBUY,
	}, upvest.WithIdempotencyKey(key))
	if err != nil {
		t.Fatal(err)
	}
	return placed
}

func dumpable(t *testing.T, options ...sandbox.Option) (*sandbox.Sandbox, *upvest.Client) {
	t.Helper()
	clock := sandbox.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	return started(t, append(options, sandbox.WithClock(clock), sandbox.WithOrderDelay(time.Hour),
		sandbox.WithSeed(7), sandbox.WithTokenLifetime(24*time.Hour))...)
}

// view returns the time of the clock, all orders, configurations and allocations, and the
// portfolios of the accounts savings and pension.
func view(t *testing.T, s *sandbox.Sandbox, client *upvest.Client) []any {
	t.Helper()
	limit := portfolios.Limit(100)
	orders, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{Limit: &limit})
	if err != nil {
		t.Fatal(err)
	}
	configurations, err := client.Configurations.List(t.Context(),
		portfolios.ListPortfoliosConfigurationsParams{})
	if err != nil {
		t.Fatal(err)
	}
	allocations, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		t.Fatal(err)
	}
	shown := []any{s.Clock().Now(), orders, configurations, allocations}
	for _, account := range []uuid.UUID{savings, pension} {
		// The view also contains whether Portfolio found the account.
		held, err := s.Portfolio(account)
		shown = append(shown, held, err == nil)
	}
	return shown
}

// TestALoadedDumpContinues requires that a sandbox that has loaded a dump continues step
// by step like the dumped sandbox.
func TestALoadedDumpContinues(t *testing.T) {
	s, client, key := busy(t)
	var dump bytes.Buffer
	if err := s.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	copied, other := dumpable(t)
	unusedFault := sandbox.Fault{Status: 500, Nth: 1000}
	if err := copied.Inject(unusedFault); err != nil {
		t.Fatal(err)
	}
	if err := copied.Load(&dump); err != nil {
		t.Fatal(err)
	}
	if waiting := copied.PendingFaults(); len(waiting) != 0 {
		t.Errorf("after the load, the faults %v still wait, want none", waiting)
	}
	if left, err := copied.Portfolio(pension); err != nil || left.Cash == "0" {
		t.Errorf("the portfolio is %+v with the error %v, want some cash", left, err)
	}
	for range 15 {
		want := view(t, s, client)
		if got := view(t, copied, other); !reflect.DeepEqual(got, want) {
			t.Fatalf("the loaded sandbox differs from the dumped one:\ngot  %+v\nwant %+v", got, want)
		}
		s.Clock().Advance(10 * time.Minute)
		copied.Clock().Advance(10 * time.Minute)
	}
	first := order(t, client, key)
	if again := order(t, other, key); again.ID != first.ID {
		t.Errorf("repeating a request in the loaded sandbox returned the order %s, want %s",
			again.ID, first.ID)
	}
	want := buy(t, client, portfolios.SideBUY, "1").ID
	if got := buy(t, other, portfolios.SideBUY, "1").ID; got != want {
		t.Errorf("the next order of the loaded sandbox is %s, want %s as in the dumped one", got, want)
	}
}

func TestInvalidDumpsAreRefused(t *testing.T) {
	s, _, _ := busy(t)
	var dump bytes.Buffer
	if err := s.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	valid := dump.String()
	copied, other := dumpable(t, invested())
	before := view(t, copied, other)
	change := func(old, replacement string) string { return strings.Replace(valid, old, replacement, 1) }
	for detail, wrong := range map[string]string{
		"format: expected 1":        change(`"format":1`, `"format":2`),
		"unknown field":             change(`"placed":`, `"put":`),
		"there is no allocation":    change(`[{"id":"19030e36`, `[{"id":"09030e36`),
		"as instruments":            change(`"instruments":["`, `"instruments":["US5949181045","`),
		"clients, expected 1":       change(`"clients":[`, `"clients":[{},`),
		"a fingerprint of 16 bytes": change(`"fingerprint":"`, `"fingerprint":"AAAA`),
		"unexpected EOF":            valid[:len(valid)/2],
	} {
		if wrong == valid {
			t.Fatalf("%s: the replacement did not change the dump", detail)
		}
		err := copied.Load(strings.NewReader(wrong))
		if err == nil || !strings.Contains(err.Error(), detail) {
			t.Errorf("Load returned the error %v, want one that contains %q", err, detail)
		}
	}
	if after := view(t, copied, other); !reflect.DeepEqual(after, before) {
		t.Errorf("a refused dump changed the state to %+v, want %+v", after, before)
	}
}
