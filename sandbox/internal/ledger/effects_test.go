package ledger_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

func TestEffectsAreWhatRequestsDid(t *testing.T) {
	w := newWorld(t)
	var want []journal.Effect
	did := func(operation string, resource, account uuid.UUID) {
		want = append(want, journal.Effect{
			Number: uint64(len(want) + 1), At: w.now(), ClientID: clientID, Operation: operation,
			Resource: resource, AccountID: account,
		})
		w.pass(time.Second)
	}
	list := instruments(t, funds, "1")
	allocationID := must(w.createAllocation(contract.AllocationRequest{Allocation: list}))(t).ID
	did("create_portfolios_allocation", allocationID, uuid.Nil)
	must(w.updateAllocation(allocationID,
		contract.AllocationRequest{Name: new("Renamed"), Allocation: list}))(t)
	did("update_portfolios_allocation", allocationID, uuid.Nil)
	w.configure(savings, allocationID)
	did("create_portfolios_configuration", savings, savings)
	must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID}))(t)
	did("update_portfolios_configuration", savings, savings)
	placed := w.buy(savings, "1").ID
	did("create_portfolios_order", placed, savings)
	must(0, w.cancelOrder(placed))(t)
	did("cancel_portfolios_order", placed, savings)
	did("trigger_portfolio_rebalancing", must(w.rebalance(accounts(savings)))(t), uuid.Nil)
	closing := must(w.liquidate(savings, userID))(t).ID
	did("create_portfolios_liquidation_request", closing, savings)

	w.pass(3 * delay)
	must(w.retrieveOrder(closing))(t)
	must(w.listOrders(anyOrder))(t)
	if err := w.cancelOrder(placed); err == nil {
		t.Error("an order was cancelled twice")
	}
	if got := w.effects(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEffectsAreBounded(t *testing.T) {
	const bound = 100_000
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	for range bound + 5 {
		w.pass(1)
		must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID}))(t)
	}
	got := w.effects()
	if len(got) != bound {
		t.Fatalf("got %d effects, want %d", len(got), bound)
	}
	for i, effect := range got {
		if want := start.Add(time.Duration(i + 6)); !effect.At.Equal(want) {
			t.Fatalf("effect %d is of %s, want %s", i, effect.At, want)
		}
	}
}
