package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// randomMix returns two to nine instruments with weights that sum to 1. Some of them can
// have the smallest possible weight.
func randomMix(random *rand.Rand) []string {
	var list []string
	left := 100_000
	for i := range 1 + random.IntN(8) {
		weight := 1 + random.IntN(left-8)*random.IntN(2)
		list = append(list, fmt.Sprintf("DE%010d", i), fmt.Sprintf("%.5f", float64(weight)/100_000))
		left -= weight
		if left <= 8 {
			break
		}
	}
	return append(list, "DE0000000099", fmt.Sprintf("%.5f", float64(left)/100_000))
}

func randomAmount(random *rand.Rand) string {
	decimals := random.IntN(28)
	fraction := ""
	for range decimals {
		fraction += string(rune('0' + random.IntN(10)))
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%s", 1+random.IntN(1000), fraction), ".")
}

// TestIndividualOrdersSumToTheAmount requires that the amounts of an order's individual
// orders always sum to exactly the amount of the order. Responses do not contain the
// individual amounts, but the cash_amount of a liquidation shows their sum.
func TestIndividualOrdersSumToTheAmount(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		list := randomMix(random)
		w.follow(savings, list...)
		first := randomAmount(random)
		second := randomAmount(random)
		w.hold(savings, first)
		w.hold(savings, second)
		total := must(api.Sum(api.Decimal(first), api.Decimal(second)))(t)
		wantSame(t, w.value(savings), total)

		sold := randomAmount(random)
		placed := w.sell(savings, sold)
		w.pass(2 * delay)
		if got := must(w.retrieveOrder(placed.ID))(t); got.Status == filled {
			if len(got.Orders) != len(list)/2 {
				t.Fatalf("seed %d: the sale has %d individual orders, want %d",
					seed, len(got.Orders), len(list)/2)
			}
			total = must(api.Sum(total, api.Decimal("-"+sold)))(t)
		}
		wantSame(t, w.value(savings), total)

		must(w.updateConfiguration(savings, contract.ConfigurationUpdate{
			AllocationID: new(w.allocate(randomMix(random)...).ID),
		}))(t)
		made := w.rebalanced(accounts(savings))
		w.pass(2 * delay)
		w.wantOrder(made[0].ID, filled, 2*delay, nil)
		wantSame(t, w.value(savings), total)
		must(w.updateConfiguration(savings, contract.ConfigurationUpdate{
			AllocationID: new(w.allocate(randomMix(random)...).ID),
		}))(t)
		cut := w.rebalanced(accounts(savings))
		w.pass(delay + time.Duration(random.Int64N(int64(delay))))
		_ = w.cancelOrder(cut[0].ID) // refused if there is nothing left to cancel
		wantSame(t, w.value(savings), total)
		must(w.rebalance(accounts(savings)))(t)
		w.pass(2 * delay)
		wantSame(t, w.value(savings), total)
		again := w.rebalanced(accounts(savings))
		w.pass(2 * delay)
		w.wantOrder(again[0].ID, filled, 2*delay, []string{})

		must(w.liquidate(savings, userID))(t)
		w.pass(2 * delay)
		w.wantValue(savings, "0")
	}
}

func wantSame(t *testing.T, got string, want api.Decimal) {
	t.Helper()
	if order, err := api.Decimal(got).Cmp(want); err != nil || order != 0 {
		t.Fatalf("the account is worth %s, want %s (error of the comparison: %v)", got, want, err)
	}
}

// TestReadingChangesNothing requires that a history of changes ends in the same state,
// whether or not requests read the orders between the changes.
func TestReadingChangesNothing(t *testing.T) {
	for seed := range uint64(3) {
		unseen := play(t, seed, false)
		seen := play(t, seed, true)
		if !reflect.DeepEqual(unseen, seen) {
			t.Fatalf("seed %d: without reads, the final state is %+v\nwant the same as with reads: %+v",
				seed, unseen, seen)
		}
	}
}

// play runs a random history of changes, and reads the orders between the changes if look
// is set. It returns all orders, the values of the accounts and the effects at the end.
func play(t *testing.T, seed uint64, look bool) []any {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	w := newWorld(t)
	allocationID := w.follow(savings, randomMix(random)...)
	w.follow(pension, randomMix(random)...)
	var placed []uuid.UUID
	for range 60 {
		account := []uuid.UUID{savings, pension}[random.IntN(2)]
		amount := randomAmount(random)
		list := randomMix(random)
		switch random.IntN(8) {
		case 0, 1:
			placed = append(placed, w.buy(account, amount).ID)
		case 2, 3:
			placed = append(placed, w.sell(account, amount).ID)
		case 4:
			placed = append(placed, must(w.liquidate(account, userID))(t).ID)
		case 5:
			must(w.rebalance(accounts(account)))(t)
		case 6:
			w.remix(allocationID, list...)
		case 7:
			if len(placed) > 0 {
				// The ledger refuses to cancel an order that can no longer be cancelled,
				// with and without reads.
				_ = w.cancelOrder(placed[random.IntN(len(placed))])
			}
		}
		for range 4 {
			w.pass(time.Duration(random.Int64N(int64(delay) / 4)))
			if look {
				must(w.listOrders(anyOrder))(t)
			}
		}
	}
	orders := must(w.listOrders(anyOrder))(t)
	return []any{orders, w.value(savings), w.value(pension), w.effects()}
}
