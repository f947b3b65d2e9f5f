package ledger_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

func TestConcurrentCallsAreSafe(t *testing.T) {
	const workers = 8
	const rounds = 20
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "0.7", apple, "0.3")
	ofAllocation := contract.ListPortfoliosOrdersParams{AllocationID: &allocationID}
	halves := w.mixOf(funds, "0.5", apple, "0.5")
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range rounds {
				for _, call := range []func() error{
					func() error { return w.buyAndCancel(savings) },
					func() error { return last(w.createOrder(orderOf(savings, contract.SideBUY, "1"))) },
					func() error { return last(w.listOrders(ofAllocation)) },
					func() error { return last(w.updateAllocation(allocationID, halves)) },
					func() error { return last(w.rebalance(accounts(savings))) },
					func() error { return last(w.retrieveAllocation(allocationID)) },
				} {
					if err := call(); err != nil {
						t.Errorf("a concurrent call failed: %v", err)
					}
				}
				_ = w.effects()
			}
		})
	}
	group.Wait()
	w.pass(2 * delay)
	w.wantValue(savings, "160")
	if list := must(w.listOrders(anyOrder))(t); list.Meta.TotalCount != 3*workers*rounds+1 {
		t.Errorf("the list has %d orders, want %d", list.Meta.TotalCount, 3*workers*rounds+1)
	}
}

// last returns the error of a call without its result.
func last[T any](_ T, err error) error { return err }

func (w *world) buyAndCancel(accountID uuid.UUID) error {
	bought, err := w.createOrder(orderOf(accountID, contract.SideBUY, "2"))
	if err != nil {
		return err
	}
	return w.cancelOrder(bought.ID)
}

// TestConcurrentRequestsCreateOneConfiguration requires that exactly one of many
// concurrent requests to configure the same account succeeds.
func TestConcurrentRequestsCreateOneConfiguration(t *testing.T) {
	w := newWorld(t)
	made := w.allocate(funds, "1")
	results := make(chan error, 20)
	for range cap(results) {
		go func() {
			_, err := w.createConfiguration(contract.ConfigurationRequest{
				AccountID: savings, AllocationID: made.ID,
			})
			results <- err
		}()
	}
	granted := 0
	for range cap(results) {
		if err := <-results; err == nil {
			granted++
		} else {
			wantRefusal(t, err, 409, "conflict")
		}
	}
	if granted != 1 {
		t.Errorf("%d requests created a configuration, want exactly 1", granted)
	}
}

func BenchmarkPlaceAndList(b *testing.B) {
	w := newWorld(b, func(o *ledger.Options) { o.NewID = uuid.New })
	w.follow(savings, funds, "0.7", apple, "0.3")
	for range 10_000 {
		w.buy(savings, "1")
	}
	for b.Loop() {
		w.buy(savings, "1")
		must(w.listOrders(contract.ListPortfoliosOrdersParams{StartDate: new("2000-01-01T00:00:00Z")}))(b)
	}
}
