package ledger_test

import (
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// rebalanced triggers a rebalancing and returns its orders.
func (w *world) rebalanced(body string) []contract.Order {
	w.t.Helper()
	before := map[uuid.UUID]bool{}
	for _, o := range must(w.listOrders(anyOrder))(w.t).Data {
		before[o.ID] = true
	}
	must(w.rebalance(body))(w.t)
	var made []contract.Order
	for _, o := range must(w.listOrders(anyOrder))(w.t).Data {
		if !before[o.ID] {
			made = append(made, o)
		}
	}
	return made
}

func accounts(ids ...uuid.UUID) string { return listOf("accounts", ids) }

func listOf(field string, ids []uuid.UUID) string {
	text := ""
	for _, id := range ids {
		text += `,"` + id.String() + `"`
	}
	if text != "" {
		text = text[1:]
	}
	return `{"` + field + `":[` + text + `]}`
}

func TestRebalancingReachesTheTargetWeights(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "0.7", apple, "0.3")
	w.hold(savings, "100")
	w.remix(allocationID, upvests, "0.5", funds, "0.5")

	at := w.now()
	made := w.rebalanced(accounts(savings))
	want := []contract.Order{{
		CreatedAt: at, UpdatedAt: at, AccountID: savings, AllocationID: &allocationID, CashAmount: "0",
		Currency: contract.CurrencyEUR,
		Status:   statusNew, Type: new(contract.OrderTypeREBALANCING), Orders: []contract.IndividualOrder{},
	}}
	want[0].ID = made[0].ID
	if !reflect.DeepEqual(made, want) {
		t.Fatalf("the rebalancing placed the orders %+v, want %+v", made, want)
	}
	w.pass(delay)
	w.wantOrder(made[0].ID, processing, delay, []string{"SELL PROCESSING", "SELL NEW", "BUY NEW"})
	w.pass(delay)
	w.wantOrder(made[0].ID, filled, 2*delay, []string{"SELL FILLED", "SELL FILLED", "BUY FILLED"})
	w.wantValue(savings, "100")

	again := w.rebalanced(accounts(savings))
	w.pass(2 * delay)
	w.wantOrder(again[0].ID, filled, 2*delay, []string{})

	// Each of the two positions is worth 50, so half of a sale of 20 comes from the first
	// position.
	sold := w.sell(savings, "20")
	w.pass(delay + delay/2)
	must(0, w.cancelOrder(sold.ID))(t)
	w.wantValue(savings, "90")
}

func TestRebalancingOfAllocationsPlacesOrdersForTheirAccounts(t *testing.T) {
	w := newWorld(t)
	first := w.follow(savings, funds, "1")
	second := w.follow(pension, apple, "1")
	unused := w.allocate(apple, "1").ID
	third := uuid.MustParse("f2f7d2c7-d79b-4de2-ae9b-d01646259f9e")
	w.configure(third, first)

	if made := w.rebalanced(listOf("allocations", []uuid.UUID{unused})); len(made) != 0 {
		t.Errorf("rebalancing an allocation that no account follows placed orders: %+v", made)
	}
	made := w.rebalanced(listOf("allocations", []uuid.UUID{first}))
	got := map[uuid.UUID]bool{}
	for _, o := range made {
		got[o.AccountID] = *o.AllocationID == first
	}
	if want := (map[uuid.UUID]bool{savings: true, third: true}); !reflect.DeepEqual(got, want) {
		t.Errorf("got orders for the accounts %v, want %v", got, want)
	}
	if made := w.rebalanced(listOf("allocations", []uuid.UUID{unused, second, first})); len(made) != 3 {
		t.Errorf("rebalancing all allocations placed %d orders, want 3", len(made))
	}
}

func TestNullCountsAsAMissingList(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	for body, want := range map[string]contract.RebalancingExecution{
		`{"accounts":["` + savings.String() + `"],"allocations":null}`: {
			Accounts: &[]uuid.UUID{savings}, Allocations: &[]uuid.UUID{},
		},
		`{"accounts":null,"allocations":["` + allocationID.String() + `"]}`: {
			Accounts: &[]uuid.UUID{}, Allocations: &[]uuid.UUID{allocationID},
		},
	} {
		want.ID = must(w.rebalance(body))(t)
		want.CreatedAt = start
		want.UpdatedAt = start
		if got := must(w.retrieveExecution(want.ID))(t); !reflect.DeepEqual(got, want) {
			t.Errorf("after the request %s, the execution is %+v, want %+v", body, got, want)
		}
	}
}

func TestRebalancingExecutionIsRetrieved(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	w.follow(pension, funds, "1")
	byAccounts := must(w.rebalance(accounts(pension, savings)))(t)
	byAllocations := must(w.rebalance(listOf("allocations", []uuid.UUID{allocationID})))(t)
	w.pass(3 * delay)
	for _, want := range []contract.RebalancingExecution{
		{
			ID: byAccounts, CreatedAt: start, UpdatedAt: start, Accounts: &[]uuid.UUID{pension, savings},
			Allocations: &[]uuid.UUID{},
		},
		{
			ID: byAllocations, CreatedAt: start, UpdatedAt: start, Accounts: &[]uuid.UUID{},
			Allocations: &[]uuid.UUID{allocationID},
		},
	} {
		if got := must(w.retrieveExecution(want.ID))(t); !reflect.DeepEqual(got, want) {
			t.Errorf("retrieved the execution %+v, want %+v", got, want)
		}
	}
	_, err := w.retrieveExecution(nowhere)
	wantRefusal(t, err, 404, "not_found", "execution_id:", nowhere.String())
}

func TestRebalancingRules(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	both := `{"accounts":["` + savings.String() + `"],"allocations":[]}`
	tests := map[string]struct {
		body   string
		status int
		slug   string
		detail string
	}{
		"accounts and allocations": {
			body: both, status: 400, slug: "invalid_request",
			detail: "exactly one of accounts and allocations",
		},
		"neither accounts nor allocations": {
			body: `{}`, status: 400, slug: "invalid_request",
			detail: "exactly one of accounts and allocations",
		},
		"null as the accounts": {
			body: `{"accounts":null}`, status: 400, slug: "invalid_request",
			detail: "exactly one of accounts and allocations",
		},
		"empty list of accounts": {
			body: accounts(), status: 400, slug: "invalid_request", detail: "accounts:",
		},
		"empty list of allocations": {
			body: `{"allocations":[]}`, status: 400, slug: "invalid_request", detail: "allocations:",
		},
		"account that is not a UUID": {
			body: `{"accounts":["x"]}`, status: 400, slug: "invalid_request",
			detail: "accounts[0]: expected a UUID",
		},
		"account that is a UUID without dashes": {
			body: `{"accounts":["debf2026f2da4ff0bb8492e45babb1e3"]}`, status: 400,
			slug: "invalid_request", detail: "accounts[0]: expected a UUID",
		},
		"number as an account": {
			body: `{"accounts":[1]}`, status: 400, slug: "invalid_request", detail: "list of UUIDs",
		},
		"list as the body": {body: `[]`, status: 400, slug: "invalid_request", detail: "a JSON object"},
		"field name in the wrong case": {
			body: `{"Accounts":["` + savings.String() + `"]}`, status: 400, slug: "invalid_request",
			detail: "exactly one of accounts and allocations",
		},
		"account that is listed twice": {
			body: accounts(savings, pension, savings), status: 400, slug: "invalid_request",
			detail: "accounts[2]:",
		},
		"allocation that is listed twice": {
			body: listOf("allocations", []uuid.UUID{pension, pension}), status: 400,
			slug: "invalid_request", detail: "allocations[1]:",
		},
		"unknown allocation": {
			body: listOf("allocations", []uuid.UUID{pension}), status: 404, slug: "not_found",
			detail: "allocations[0]:",
		},
		"zero UUID as an account": {
			body: accounts(savings, uuid.Nil), status: 404, slug: "not_found", detail: "accounts[1]:",
		},
		"account without a configuration": {
			body: accounts(savings, pension), status: 422, slug: "unprocessable_entity",
			detail: "accounts[1]:",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := w.rebalance(test.body)
			wantRefusal(t, err, test.status, test.slug, test.detail)
		})
	}
	if list := must(w.listOrders(anyOrder))(t); len(list.Data) != 0 {
		t.Errorf("refused rebalancings placed orders: %+v", list.Data)
	}
}

func TestRebalancingOfAnEmptyAccountTradesNothing(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	made := w.rebalanced(accounts(savings))
	w.pass(delay)
	w.wantOrder(made[0].ID, processing, delay, []string{})
	w.pass(delay)
	w.wantOrder(made[0].ID, filled, 2*delay, []string{})
	w.wantValue(savings, "0")
}

// TestProceedsOfACancelledRebalancingAreKept requires that an account keeps the proceeds
// that a cancelled rebalancing has not spent, and that later orders spend the proceeds
// only once.
func TestProceedsOfACancelledRebalancingAreKept(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	w.hold(savings, "100")
	w.remix(allocationID, upvests, "1")
	made := w.rebalanced(accounts(savings))[0].ID
	w.pass(delay + delay/2)
	must(0, w.cancelOrder(made))(t)
	w.wantOrder(made, cancelled, delay+delay/2, []string{"SELL FILLED", "BUY CANCELLED"})
	w.wantValue(savings, "100") // the whole value is cash

	// The account has only cash and no position to sell.
	sold := w.sell(savings, "1")
	w.pass(delay)
	w.wantOrder(sold.ID, cancelled, delay, []string{})

	// A liquidation pays the cash out unless it is cancelled. While the liquidation is
	// open, no other order can use the cash.
	w.hold(savings, "50")
	closing := must(w.liquidate(savings, userID))(t)
	if closing.CashAmount != "150" {
		t.Errorf("the liquidation has the cash_amount %s, want 150", closing.CashAmount)
	}
	w.pass(delay)
	w.wantValue(savings, "0")
	must(0, w.cancelOrder(closing.ID))(t)
	w.wantValue(savings, "150")

	// The next rebalancing invests the cash. It sells nothing, because the positions
	// already have their target weights.
	again := w.rebalanced(accounts(savings))[0].ID
	beside := must(w.rebalance(accounts(savings)))(t)
	w.pass(2 * delay)
	w.wantOrder(again, filled, 2*delay, []string{"BUY FILLED"})
	w.wantValue(savings, "150")
	for _, id := range w.ordersOf(savings) {
		if o := must(w.retrieveOrder(id))(t); *o.Type == contract.OrderTypeREBALANCING && id != made &&
			id != again && len(o.Orders) != 0 {
			t.Errorf("execution %s spent the cash a second time: %+v", beside, o)
		}
	}
	sold = w.sell(savings, "135") // 90 percent of the 150
	w.pass(2 * delay)
	w.wantOrder(sold.ID, filled, 2*delay, []string{"SELL FILLED"})

	must(w.liquidate(savings, userID))(t)
	w.pass(2 * delay)
	w.wantValue(savings, "0")
}
