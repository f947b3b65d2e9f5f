package ledger_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

func TestLiquidationSellsEverything(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "0.7", apple, "0.3")
	w.hold(savings, "100.050")
	w.hold(savings, "0.000000000000000000000000001")
	at := w.now()
	got := must(w.liquidate(savings, userID))(t)
	want := contract.Order{
		ID: got.ID, CreatedAt: at, UpdatedAt: at, UserID: new(userID), AccountID: savings,
		Currency:   contract.CurrencyEUR,
		CashAmount: "100.050000000000000000000000001", Status: statusNew,
		Type:   new(contract.OrderTypeLIQUIDATION),
		Orders: []contract.IndividualOrder{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got the liquidation %+v, want %+v", got, want)
	}
	w.pass(delay)
	w.wantOrder(got.ID, processing, delay, []string{"SELL PROCESSING", "SELL NEW"})
	w.pass(delay)
	w.wantOrder(got.ID, filled, 2*delay, []string{"SELL FILLED", "SELL FILLED"})
	w.wantValue(savings, "0")

	must(w.retrieveConfiguration(savings))(t)
	w.hold(savings, "5")
	w.wantValue(savings, "5")
}

func TestLiquidationOfAnEmptyAccountSellsNothing(t *testing.T) {
	w := newWorld(t)
	got := must(w.liquidate(savings, userID))(t)
	if got.CashAmount != "0" {
		t.Errorf("cash_amount is %q, want \"0\"", got.CashAmount)
	}
	w.pass(delay)
	w.wantOrder(got.ID, processing, delay, []string{})
	wantRefusal(t, w.cancelOrder(got.ID), 409, "conflict", "PROCESSING")
	w.pass(delay)
	w.wantOrder(got.ID, filled, 2*delay, []string{})

	_, err := w.liquidate(uuid.Nil, userID)
	wantRefusal(t, err, 404, "not_found", "account_id:")
	_, err = w.liquidate(savings, uuid.Nil)
	wantRefusal(t, err, 404, "not_found", "user_id:")
}

func TestTwoLiquidationsSellEverythingOnce(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "0.7", apple, "0.3")
	w.hold(savings, "100")
	first := must(w.liquidate(savings, userID))(t)
	second := must(w.liquidate(savings, userID))(t)
	if first.CashAmount != "100" || second.CashAmount != "100" {
		t.Errorf("the cash amounts are %s and %s, want 100 for both, because a NEW order reserves nothing",
			first.CashAmount, second.CashAmount)
	}
	w.pass(delay)
	w.wantOrder(second.ID, processing, delay, []string{})
	w.wantValue(savings, "0")
	must(0, w.cancelOrder(first.ID))(t)
	w.wantValue(savings, "100")
}

func TestLiquidationOfMoreThanAnAmountCanExpressIsRefused(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	w.hold(savings, strings.Repeat("9", 63))
	w.wantValue(savings, strings.Repeat("9", 63))
	w.hold(savings, "1")
	_, err := w.liquidate(savings, userID)
	wantRefusal(t, err, 422, "unprocessable_entity", "account_id:", "63 digits")
}
