package sandbox_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestAMockOrderContinuesAfterALoad dumps a sandbox repeatedly while an order for a mock
// instrument is executed in parts. Each sandbox that has loaded a dump must carry out
// each remaining execution exactly once.
func TestAMockOrderContinuesAfterALoad(t *testing.T) {
	const mockCancelled = api.InstrumentID("IE00BF2GFH28")
	for _, c := range []struct {
		name    string
		weights map[api.InstrumentID]api.Decimal
		held    api.Decimal
		side    portfolios.Side
		amount  api.Decimal
		// values are the values of the account at the first dump, and then every 15
		// minutes.
		values []api.Decimal
		status portfolios.OrderStatus
	}{
		{
			name:    "a purchase in four parts",
			weights: map[api.InstrumentID]api.Decimal{mockParts: "1"}, held: "0",
			side: portfolios.SideBUY, amount: "400.8", status: portfolios.OrderStatusFILLED,
			values: []api.Decimal{"100.2", "200.4", "300.6", "400.8", "400.8"},
		},
		{
			name:    "a sale in four parts",
			weights: map[api.InstrumentID]api.Decimal{mockParts: "1"}, held: "1000",
			side: portfolios.SideSELL, amount: "400", status: portfolios.OrderStatusFILLED,
			values: []api.Decimal{"900", "800", "700", "600", "600"},
		},
		{
			name:    "a purchase that is cancelled after its first half",
			weights: map[api.InstrumentID]api.Decimal{mockCancelled: "1"}, held: "0",
			side: portfolios.SideBUY, amount: "100", status: portfolios.OrderStatusCANCELLED,
			values: []api.Decimal{"0", "50", "50", "50", "50"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			holdings := map[api.InstrumentID]api.Decimal{}
			for instrument := range c.weights {
				holdings[instrument] = c.held
			}
			s, client := dumpable(t, sandbox.WithState(sandbox.State{
				Allocations: []sandbox.Allocation{{ID: mixID, Weights: c.weights}},
				Accounts:    []sandbox.Account{{ID: savings, AllocationID: mixID, Holdings: holdings}},
			}))
			placed := buy(t, client, c.side, c.amount)
			s.Clock().Advance(80 * time.Minute)
			for step, want := range c.values {
				// Each step runs in a new sandbox that has loaded a dump of the previous
				// step's sandbox.
				var dump bytes.Buffer
				if err := s.Dump(&dump); err != nil {
					t.Fatal(err)
				}
				s, client = dumpable(t)
				if err := s.Load(&dump); err != nil {
					t.Fatal(err)
				}
				got, err := s.Portfolio(savings)
				if err != nil || got.Value != want {
					t.Errorf("step %d: the account is worth %q with the error %v, want %q",
						step, got.Value, err, want)
				}
				s.Clock().Advance(15 * time.Minute)
			}
			order, err := client.Orders.Retrieve(t.Context(), placed.ID)
			if err != nil || order.Status != c.status {
				t.Errorf("the order is %+v with the error %v, want the status %s", order, err, c.status)
			}
		})
	}
}
