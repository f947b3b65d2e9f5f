package sandbox_test

import (
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestRestoringAPriceRestoresTheValue requires that a holding has exactly its earlier
// value after its price has changed and changed back, even if the amount of the purchase
// was not divisible by the price.
func TestRestoringAPriceRestoresTheValue(t *testing.T) {
	clock := sandbox.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	s, client := started(t, invested(), sandbox.WithOrderDelay(time.Hour), sandbox.WithClock(clock))
	worth := func() api.Decimal {
		t.Helper()
		closing, err := client.Orders.CreateLiquidationRequest(t.Context(), savings,
			portfolios.LiquidationRequest{UserID: owner})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Orders.Cancel(t.Context(), closing.ID); err != nil {
			t.Fatal(err)
		}
		return closing.CashAmount
	}
	set := func(price api.Decimal) {
		t.Helper()
		if err := s.SetPrice(world, price); err != nil {
			t.Fatal(err)
		}
	}
	set("7.77")
	buy(t, client, portfolios.SideBUY, "100")
	clock.Advance(2 * time.Hour)
	bought := worth()
	for _, price := range []api.Decimal{"0.000000000000000000000000001", "3", "99999999999999999999.1"} {
		set(price)
		if worth() == bought {
			t.Errorf("at the price %s, the account is still worth %s, want a different value", price, bought)
		}
	}
	set("7.77")
	if back := worth(); back != bought {
		t.Errorf("after the first price was set again, the account is worth %s, want %s", back, bought)
	}
}
