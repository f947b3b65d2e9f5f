package ledger_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

func TestEachSuccessfulChangeHasOneEffect(t *testing.T) {
	w := newWorld(t)
	var want []journal.Effect
	// recordExpected records the expected effect of the last call. For the next call, it
	// sets a new operation and moves the clock by a second.
	recordExpected := func(resource uuid.UUID, accounts ...uuid.UUID) {
		effect := journal.Effect{
			Number:     uint64(len(want) + 1),
			RequestID:  "request of " + string(w.operation),
			At:         w.now(),
			ClientID:   clientID,
			Operation:  w.operation,
			ResourceID: resource,
			AccountIDs: journal.Accounts(accounts...),
		}
		want = append(want, effect)
		w.operation = contract.Operation(fmt.Sprintf("operation %d", len(want)))
		w.pass(time.Second)
	}
	w.operation = "operation 0"
	allocationID := w.allocate(funds, "1").ID
	recordExpected(allocationID)
	renamed := contract.AllocationRequest{Name: new("Renamed"), Allocation: instruments(t, funds, "1")}
	must(w.updateAllocation(allocationID, renamed))(t)
	recordExpected(allocationID)
	w.configure(savings, allocationID)
	recordExpected(savings, savings)
	must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID}))(t)
	recordExpected(savings, savings)
	w.configure(pension, allocationID)
	recordExpected(pension, pension)
	placed := w.buy(savings, "1").ID
	recordExpected(placed, savings)
	must(0, w.cancelOrder(placed))(t)
	recordExpected(placed, savings)
	recordExpected(must(w.rebalance(accounts(savings)))(t), savings)
	recordExpected(must(w.rebalance(listOf("allocations", []uuid.UUID{allocationID})))(t), pension, savings)
	closing := must(w.liquidate(savings, userID))(t).ID
	recordExpected(closing, savings)

	w.pass(3 * delay)
	must(w.retrieveOrder(closing))(t)
	must(w.listOrders(anyOrder))(t)
	if err := w.cancelOrder(placed); err == nil {
		t.Error("a second cancellation of the same order was accepted")
	}
	if got := w.effects(); !reflect.DeepEqual(got, want) {
		t.Errorf("got the effects  %v\nwant the effects %v", got, want)
	}
}

func TestLedgerKeepsOnlyTheNewestEffects(t *testing.T) {
	const bound = 100_000
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	for range bound + 5 {
		w.pass(1)
		must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID}))(t)
	}
	got := w.effects()
	if len(got) != bound {
		t.Fatalf("the ledger keeps %d effects, want %d", len(got), bound)
	}
	for i, effect := range got {
		if want := start.Add(time.Duration(i + 6)); !effect.At.Equal(want) {
			t.Fatalf("effect %d happened at %s, want %s", i, effect.At, want)
		}
	}
}
