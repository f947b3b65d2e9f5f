package ledger_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

func TestOrderIsReturnedAsNew(t *testing.T) {
	for _, wait := range []time.Duration{delay, 0, -1} {
		w := newWorld(t, func(o *ledger.Options) { o.OrderDelay = wait })
		allocationID := w.follow(savings, funds, "0.7", apple, "0.3")
		request := orderOf(savings, contract.SideBUY, "100.00")
		request.PostTax = new(true)
		got := must(w.createOrder(request))(t)
		want := contract.Order{
			ID: got.ID, CreatedAt: start, UpdatedAt: start, UserID: new(userID), AccountID: savings,
			AllocationID: &allocationID,
			CashAmount:   "100.00", Currency: contract.CurrencyEUR, Status: statusNew,
			Type:    new(contract.OrderTypeBUY),
			PostTax: true, Orders: []contract.IndividualOrder{},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("with the order delay %s, got the order %+v, want %+v", wait, got, want)
		}
		if wait <= 0 {
			w.wantOrder(got.ID, filled, 0, []string{"BUY FILLED", "BUY FILLED"})
			wantRefusal(t, w.cancelOrder(got.ID), 409, "conflict")
		}
		if sold := w.sell(savings, "1"); *sold.Type != contract.OrderTypeSELL || sold.PostTax {
			t.Errorf("got the type %s and post_tax %t, want SELL and false", *sold.Type, sold.PostTax)
		}
	}
}

func TestOrderRules(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	amount := func(text string) func(*contract.OrderRequest) {
		return func(r *contract.OrderRequest) { r.CashAmount = text }
	}
	tests := map[string]struct {
		change func(*contract.OrderRequest)
		status int // if 0, the order is accepted
		detail string
	}{
		"amount 0": {
			change: amount("0"), status: 400, detail: "cash_amount: expected an amount above 0",
		},
		"amount 0.000": {
			change: amount("0.000"), status: 400, detail: "cash_amount: expected an amount above 0",
		},
		"empty amount":    {change: amount(""), status: 400, detail: "cash_amount: not an amount"},
		"negative amount": {change: amount("-1"), status: 400, detail: "cash_amount: not an amount"},
		"amount with an exponent": {
			change: amount("1e3"), status: 400, detail: "cash_amount: not an amount",
		},
		"amount with 28 decimals": {
			change: amount("1." + strings.Repeat("0", 27) + "1"), status: 400,
			detail: "cash_amount: not an amount",
		},
		"amount with 64 digits before the point": {
			change: amount(strings.Repeat("1", 64)), status: 400, detail: "cash_amount: not an amount",
		},
		"currency USD": {
			change: func(r *contract.OrderRequest) { r.Currency = "USD" }, status: 400,
			detail: "currency: expected EUR",
		},
		"empty side": {
			change: func(r *contract.OrderRequest) { r.Side = "" }, status: 400,
			detail: "side: expected BUY or SELL",
		},
		"side REBALANCING": {
			change: func(r *contract.OrderRequest) { r.Side = "REBALANCING" }, status: 400,
			detail: "side: expected BUY or SELL",
		},
		"zero UUID as account_id": {
			change: func(r *contract.OrderRequest) { r.AccountID = uuid.Nil }, status: 404,
			detail: "account_id: there is no account",
		},
		"zero UUID as user_id": {
			change: func(r *contract.OrderRequest) { r.UserID = uuid.Nil }, status: 404,
			detail: "user_id: there is no user",
		},
		"account without a configuration": {
			change: func(r *contract.OrderRequest) { r.AccountID = pension }, status: 422,
			detail: "has no configuration",
		},
		"smallest amount": {change: amount("." + strings.Repeat("0", 26) + "1")},
		"largest amount": {
			change: amount(strings.Repeat("9", 63) + "." + strings.Repeat("9", 27)),
		},
		"amount without digits before the point": {change: amount(".5")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := orderOf(savings, contract.SideBUY, "100")
			test.change(&request)
			before := len(w.effects())
			got, err := w.createOrder(request)
			if test.status == 0 {
				must(0, err)(t)
				if got.CashAmount != request.CashAmount {
					t.Errorf("cash_amount is %q, want that of the request, %q",
						got.CashAmount, request.CashAmount)
				}
				return
			}
			slugs := map[int]string{400: "invalid_request", 404: "not_found", 422: "unprocessable_entity"}
			wantRefusal(t, err, test.status, slugs[test.status], test.detail)
			if len(w.effects()) != before {
				t.Error("a refused order recorded an effect, want none")
			}
		})
	}
}

func TestOrderStatusFollowsTheClock(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "0.5", apple, "0.25", upvests, "0.25")
	placed := w.buy(savings, "100")
	third := delay / 3
	steps := []struct {
		at, updated time.Duration
		status      contract.OrderStatus
		parts       []string
	}{
		{status: statusNew, parts: []string{}},
		{at: delay - 1, status: statusNew, parts: []string{}},
		{
			at: delay, updated: delay, status: processing,
			parts: []string{"BUY PROCESSING", "BUY NEW", "BUY NEW"},
		},
		{
			at: delay + third - 1, updated: delay, status: processing,
			parts: []string{"BUY PROCESSING", "BUY NEW", "BUY NEW"},
		},
		{
			at: delay + third, updated: delay + third, status: processing,
			parts: []string{"BUY FILLED", "BUY PROCESSING", "BUY NEW"},
		},
		{
			at: delay + 2*third, updated: delay + 2*third, status: processing,
			parts: []string{"BUY FILLED", "BUY FILLED", "BUY PROCESSING"},
		},
		{
			at: 2*delay - 1, updated: delay + 2*third, status: processing,
			parts: []string{"BUY FILLED", "BUY FILLED", "BUY PROCESSING"},
		},
		{
			at: 2 * delay, updated: 2 * delay, status: filled,
			parts: []string{"BUY FILLED", "BUY FILLED", "BUY FILLED"},
		},
		{
			at: 100 * delay, updated: 2 * delay, status: filled,
			parts: []string{"BUY FILLED", "BUY FILLED", "BUY FILLED"},
		},
	}
	for _, step := range steps {
		w.pass(start.Add(step.at).Sub(w.now()))
		w.wantOrder(placed.ID, step.status, step.updated, step.parts)
	}
	got := must(w.retrieveOrder(placed.ID))(t)
	ids := map[uuid.UUID]bool{placed.ID: true}
	for _, part := range got.Orders {
		ids[part.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("got the order %s with the individual orders %+v, want four different ids",
			placed.ID, got.Orders)
	}
}

func TestBuyIsSplitByTargetWeights(t *testing.T) {
	for _, weights := range [][]string{{funds, "0.7", apple, "0.3"}, {funds, "70", apple, "30"}} {
		w := newWorld(t)
		w.follow(savings, weights...)
		placed := w.buy(savings, "1000")
		w.pass(delay + delay/2)
		w.wantOrder(placed.ID, processing, delay+delay/2, []string{"BUY FILLED", "BUY PROCESSING"})
		w.wantValue(savings, "700")
		w.pass(delay / 2)
		w.wantValue(savings, "1000")
	}
}

func TestSellIsSplitByCurrentValue(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "0.7", apple, "0.3")
	w.hold(savings, "100")
	w.remix(allocationID, funds, "0.1", apple, "0.9")
	placed := w.sell(savings, "50")
	w.pass(delay + delay/2)
	w.wantOrder(placed.ID, processing, delay+delay/2, []string{"SELL FILLED", "SELL PROCESSING"})
	must(0, w.cancelOrder(placed.ID))(t)
	w.wantOrder(placed.ID, cancelled, delay+delay/2, []string{"SELL FILLED", "SELL CANCELLED"})
	// Of the 70 EUR in funds, 35 EUR are sold. The 30 EUR in apple remain.
	w.wantValue(savings, "65")
}

func TestOrderKeepsTheWeightsAtItsPlacement(t *testing.T) {
	w := newWorld(t)
	first := w.follow(savings, funds, "0.7", apple, "0.3")
	placed := w.buy(savings, "100")
	w.remix(first, upvests, "1")
	second := w.allocate(upvests, "1").ID
	must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &second}))(t)
	w.pass(delay + delay/2)
	w.wantOrder(placed.ID, processing, delay+delay/2, []string{"BUY FILLED", "BUY PROCESSING"})
	w.wantValue(savings, "70")
	if got := must(w.retrieveOrder(placed.ID))(t); *got.AllocationID != first {
		t.Errorf("allocation_id of the first order is %s, want %s", got.AllocationID, first)
	}
	if got := w.buy(savings, "1"); *got.AllocationID != second {
		t.Errorf("allocation_id of the next order is %s, want %s", got.AllocationID, second)
	}
}

func TestSellThatIsTooLargeIsCancelled(t *testing.T) {
	tests := []struct {
		amount string
		status contract.OrderStatus
		left   string
	}{
		{amount: "90", status: filled, left: "10"},
		{amount: "90.000000000000000000000000001", status: cancelled, left: "100"},
		{amount: "100", status: cancelled, left: "100"},
		{amount: "100.01", status: cancelled, left: "100"},
	}
	for _, test := range tests {
		t.Run("sell "+test.amount+" of 100", func(t *testing.T) {
			w := newWorld(t)
			w.follow(savings, funds, "0.7", apple, "0.3")
			w.hold(savings, "100")
			placed := w.sell(savings, test.amount)
			w.wantOrder(placed.ID, statusNew, 0, []string{})
			w.pass(3 * delay)
			if test.status == filled {
				w.wantOrder(placed.ID, test.status, 2*delay, []string{"SELL FILLED", "SELL FILLED"})
			} else {
				w.wantOrder(placed.ID, test.status, delay, []string{"SELL CANCELLED", "SELL CANCELLED"})
				wantRefusal(t, w.cancelOrder(placed.ID), 409, "conflict")
			}
			w.wantValue(savings, test.left)
		})
	}
}

func TestSaleFromAnEmptyAccountIsCancelled(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	placed := w.sell(savings, "0.01")
	w.pass(2 * delay)
	w.wantOrder(placed.ID, cancelled, delay, []string{})
}

func TestNothingIsSoldTwice(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "0.7", apple, "0.3")
	w.hold(savings, "100")
	first := w.sell(savings, "60")
	second := w.sell(savings, "36")
	third := w.sell(savings, "3.61")
	w.pass(delay)
	w.wantOrder(first.ID, processing, delay, nil)
	// The second order sells 90 percent of the 40 that the first order leaves. The third
	// order asks for more than 90 percent of the remaining 4.
	w.wantOrder(second.ID, processing, delay, nil)
	w.wantOrder(third.ID, cancelled, delay, nil)
	w.wantValue(savings, "4")
	must(0, w.cancelOrder(first.ID))(t)
	w.wantValue(savings, "64")
	w.pass(delay)
	w.wantOrder(second.ID, filled, 2*delay, nil)
	w.wantValue(savings, "64")
}

// TestIndividualOrderOutlivesItsPosition places a sale that is so small that its share of
// a tiny position is zero. A later rebalancing sells the whole tiny position before the
// sale is filled. The sale must be filled nevertheless.
func TestIndividualOrderOutlivesItsPosition(t *testing.T) {
	const tiny = "JP0000000001"
	w := newWorld(t)
	w.follow(savings, funds, "0.5", tiny, "0.00001", apple, "0.49999")
	// The positions are worth 50000, 1 and 49999 of the smallest units of cash.
	w.hold(savings, "0.0000000000000000000001")
	halves := w.allocate(funds, "0.5", apple, "0.5")
	sold := w.sell(savings, "0.000000000000000000000000002")
	w.pass(1)
	must(w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &halves.ID}))(t)
	made := w.rebalanced(accounts(savings))
	w.pass(2*delay - 1)
	w.wantOrder(sold.ID, filled, 2*delay, []string{"SELL FILLED", "SELL FILLED", "SELL FILLED"})
	w.wantOrder(made[0].ID, processing, delay+delay/2, []string{"SELL FILLED", "BUY PROCESSING"})
	w.pass(1)
	w.wantOrder(made[0].ID, filled, 2*delay, []string{"SELL FILLED", "BUY FILLED"})
	w.wantValue(savings, "0.000000000000000000000099998")
}

func TestAnOrderCanBeCancelledUntilItIsFilled(t *testing.T) {
	half := delay / 2
	tests := []struct {
		name   string
		at     time.Duration
		parts  []string
		worth  string
		refuse contract.OrderStatus
	}{
		{name: "new", at: delay - 1, parts: []string{}, worth: "0"},
		{name: "processing", at: delay, parts: []string{"BUY CANCELLED", "BUY CANCELLED"}, worth: "0"},
		{
			name: "partly filled", at: delay + half, parts: []string{"BUY FILLED", "BUY CANCELLED"},
			worth: "70",
		},
		{
			name: "just before it is filled", at: 2*delay - 1, parts: []string{"BUY FILLED", "BUY CANCELLED"},
			worth: "70",
		},
		{
			name: "filled", at: 2 * delay, parts: []string{"BUY FILLED", "BUY FILLED"}, worth: "100",
			refuse: filled,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.follow(savings, funds, "0.7", apple, "0.3")
			placed := w.buy(savings, "100")
			w.pass(test.at)
			err := w.cancelOrder(placed.ID)
			if test.refuse != "" {
				wantRefusal(t, err, 409, "conflict", "not available for current status", string(test.refuse))
				w.wantOrder(placed.ID, test.refuse, 2*delay, test.parts)
			} else {
				must(0, err)(t)
				w.wantOrder(placed.ID, cancelled, test.at, test.parts)
				w.pass(3 * delay)
				w.wantOrder(placed.ID, cancelled, test.at, test.parts)
				wantRefusal(t, w.cancelOrder(placed.ID), 409, "conflict", "CANCELLED")
			}
			w.wantValue(savings, test.worth)
		})
	}
	wantRefusal(t, newWorld(t).cancelOrder(nowhere), 404, "not_found", "portfolio_order_id:",
		nowhere.String())
	_, err := newWorld(t).retrieveOrder(nowhere)
	wantRefusal(t, err, 404, "not_found", "portfolio_order_id:", nowhere.String())
}

func TestClosedWorldHasOnlyTheGivenAccounts(t *testing.T) {
	w := newWorld(t, func(o *ledger.Options) {
		o.Accounts = func(id uuid.UUID) (uuid.UUID, bool) { return userID, id == savings }
	})
	w.follow(savings, funds, "1")
	allocationID := must(w.listAllocations(contract.ListPortfoliosAllocationsParams{}))(t).Data[0].ID
	_, err := w.createConfiguration(contract.ConfigurationRequest{
		AccountID: pension, AllocationID: allocationID,
	})
	wantRefusal(t, err, 404, "not_found", "account_id:", pension.String())
	_, err = w.createOrder(orderOf(pension, contract.SideBUY, "1"))
	wantRefusal(t, err, 404, "not_found", "account_id:", pension.String())
	_, err = w.liquidate(pension, userID)
	wantRefusal(t, err, 404, "not_found", "account_id:", pension.String())
	_, err = w.rebalance(`{"accounts":["` + savings.String() + `","` + pension.String() + `"]}`)
	wantRefusal(t, err, 404, "not_found", "accounts[1]:", pension.String())

	stranger := orderOf(savings, contract.SideBUY, "1")
	stranger.UserID = nowhere
	_, err = w.createOrder(stranger)
	wantRefusal(t, err, 404, "not_found", "user_id:", nowhere.String())
	_, err = w.liquidate(savings, nowhere)
	wantRefusal(t, err, 404, "not_found", "user_id:", nowhere.String())
	w.hold(savings, "1")
	must(w.liquidate(savings, userID))(t)
}
