package ledger_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// many is a number of items for which the ledger needs several turns (of 1,000 items
// each), the last of which is incomplete.
const many = 2500

// numbered returns a different id for each i. The ids differ only in their second half.
func numbered(i int) uuid.UUID {
	id := savings
	binary.BigEndian.PutUint64(id[8:], uint64(i))
	return id
}

// crowd makes an allocation that many accounts follow.
func crowd(w *world) (allocationID uuid.UUID) {
	allocationID = w.allocate(funds, "1").ID
	for i := range many {
		w.configure(numbered(i), allocationID)
	}
	return allocationID
}

func TestRebalancingOfManyAccountsPlacesOneOrderForEach(t *testing.T) {
	w := newWorld(t)
	allocationID := crowd(w)
	w.follow(pension, apple, "1")
	var listed []uuid.UUID
	for i := range many {
		listed = append(listed, numbered(i))
	}
	for round, body := range []string{listOf("allocations", []uuid.UUID{allocationID}), accounts(listed...)} {
		must(w.rebalance(body))(t)
		for i := range many {
			if got := w.ordersOf(numbered(i)); len(got) != round+1 {
				t.Fatalf("account %d has %d orders after %d rebalancings, want one for each rebalancing",
					i, len(got), round+1)
			}
		}
	}
	if got := w.ordersOf(pension); len(got) != 0 {
		t.Errorf("an account that is not part of the rebalancings has %d orders, want none", len(got))
	}
}

func (w *world) ordersOf(accountID uuid.UUID) (ids []uuid.UUID) {
	w.t.Helper()
	for {
		list := must(w.listOrders(contract.ListPortfoliosOrdersParams{
			AccountID: &accountID, Limit: new(int32(999)), Offset: new(int32(len(ids))),
		}))(w.t)
		for _, o := range list.Data {
			ids = append(ids, o.ID)
		}
		if len(ids) == list.Meta.TotalCount {
			return ids
		}
	}
}

func TestListsOfManyItems(t *testing.T) {
	made := 0
	w := newWorld(t, func(o *ledger.Options) {
		o.NewID = func() uuid.UUID {
			made++
			return numbered(made * 7919 % 1_000_003)
		}
	})
	crowd(w)
	for range many {
		w.buy(numbered(7), "1")
		w.buy(numbered(8), "1")
	}
	got := w.ordersOf(numbered(7))
	if len(got) != many || !slices.IsSortedFunc(got, byID) {
		t.Errorf("got %d orders of one account, want %d in the order of their ids", len(got), many)
	}
	for _, id := range got {
		if o := must(w.retrieveOrder(id))(t); o.AccountID != numbered(7) || o.ID != id {
			t.Fatalf("retrieved the order %+v, want the order %s of the account %s", o, id, numbered(7))
		}
	}
	since := new(start.Format(time.RFC3339))
	list := must(w.listConfigurations(contract.ListPortfoliosConfigurationsParams{
		StartDate: since, Offset: new(int32(1990)), Limit: new(int32(20)),
	}))(t)
	if list.Meta.TotalCount != many || len(list.Data) != 20 || list.Data[0].AccountID != numbered(1990) ||
		list.Data[19].AccountID != numbered(2009) {
		t.Errorf("got %d of %d configurations, the first for %s, want 20 of 2500, for accounts 1990 to 2009",
			len(list.Data), list.Meta.TotalCount, list.Data[0].AccountID)
	}
}

// TestNothingIsUpdatedBeforeItWasCreated requires that `updated_at` is not earlier than
// `created_at`, even after the clock was moved back.
func TestNothingIsUpdatedBeforeItWasCreated(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	placed := w.buy(savings, "1")
	w.pass(-time.Hour)
	a := w.remix(allocationID, apple, "1")
	c := must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID}))(t)
	must(0, w.cancelOrder(placed.ID))(t)
	w.wantOrder(placed.ID, cancelled, 0, nil)
	if !a.UpdatedAt.Equal(start) || !c.UpdatedAt.Equal(start) {
		t.Errorf("the allocation was updated at %s and the configuration at %s, want the creation time %s",
			a.UpdatedAt, c.UpdatedAt, start)
	}
}
