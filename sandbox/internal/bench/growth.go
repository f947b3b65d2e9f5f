package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

const (
	few  = 1_000
	lots = 1_000_000

	orderDelay = time.Minute
)

// world is a ledger without HTTP, and a clock that stands still unless moved.
type world struct {
	*ledger.Ledger
	now        time.Time
	allocation uuid.UUID
	accounts   []uuid.UUID
}

// newWorld makes a ledger with accounts that follow one allocation.
func newWorld(accounts int) (*world, error) {
	w := &world{now: time.Now()}
	w.Ledger = ledger.New(ledger.Options{Now: func() time.Time { return w.now }, OrderDelay: orderDelay})
	body := contract.AllocationRequest{Allocation: make([]contract.InstrumentWeight, 2)}
	for i, isin := range []string{"IE00B0M62Q58", "US0378331005"} {
		body.Allocation[i] = contract.InstrumentWeight{InstrumentIDType: contract.InstrumentIDTypeISIN, Weight: "0.5"}
		if err := body.Allocation[i].InstrumentID.FromInstrumentWeightInstrumentID0(isin); err != nil {
			return nil, err
		}
	}
	ctx := context.Background()
	made, err := w.CreatePortfoliosAllocation(ctx, contract.CreatePortfoliosAllocationRequestObject{Body: &body})
	if err != nil {
		return nil, err
	}
	w.allocation = made.(contract.CreatePortfoliosAllocation200JSONResponse).Body.ID
	for range accounts {
		id := uuid.New()
		w.accounts = append(w.accounts, id)
		if _, err := w.CreatePortfoliosConfiguration(ctx, contract.CreatePortfoliosConfigurationRequestObject{
			Body: &contract.ConfigurationRequest{AccountID: id, AllocationID: w.allocation},
		}); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// buy places an order that the ledger shares no memory with, as it would not with the body of a request.
func (w *world) buy(accountID uuid.UUID) error {
	_, err := w.CreatePortfoliosOrder(context.Background(), contract.CreatePortfoliosOrderRequestObject{Body: &contract.OrderRequest{
		AccountID: accountID, UserID: uuid.New(), CashAmount: fmt.Sprintf("%d.00", 100+rand.IntN(900)), Currency: contract.CurrencyEUR,
		Side: contract.SideBUY,
	}})
	return err
}

// list writes the orders of an account.
func (w *world) list(accountID uuid.UUID) error {
	answer, err := w.ListPortfoliosOrders(context.Background(),
		contract.ListPortfoliosOrdersRequestObject{Params: contract.ListPortfoliosOrdersParams{AccountID: &accountID}})
	if err != nil {
		return err
	}
	return answer.VisitListPortfoliosOrdersResponse(httptest.NewRecorder())
}

// growth compares a ledger of a thousand accounts with one of a million.
func growth() ([]row, error) {
	small, err := newWorld(few)
	if err != nil {
		return nil, err
	}
	before := heap()
	large, err := newWorld(lots)
	if err != nil {
		return nil, err
	}
	for _, w := range []*world{small, large} {
		for _, id := range w.accounts {
			if err := w.buy(id); err != nil {
				return nil, err
			}
		}
		w.now = w.now.Add(2 * orderDelay)
		for _, id := range w.accounts {
			if err := w.list(id); err != nil { // or nobody would see the orders become FILLED
				return nil, err
			}
		}
	}
	held := heap() - before - lots*16 // less the ids kept here
	// Before the insertions, which give the accounts of the small ledger more orders than those of the large one.
	listing, err := compare(small, large, (*world).list)
	if err != nil {
		return nil, err
	}
	insertion, err := compare(small, large, (*world).buy)
	if err != nil {
		return nil, err
	}
	return []row{
		{"memory of 1,000,000 accounts with a filled order each", fmt.Sprintf("%.2f GB", held/1e9), "below 1.2 GB", held < 1.2e9},
		{"an order placed among 1,000,000, beside one among 1,000", insertion.String(), "at most 2 ×", insertion.ratio() <= 2},
		{"the orders of one account among 1,000,000, beside 1,000", listing.String(), "at most 2 ×", listing.ratio() <= 2},
	}, nil
}

// heap is how many bytes are in use.
func heap() float64 {
	runtime.GC()
	runtime.GC() // the first leaves what finalizers and pools still hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

type comparison struct{ few, lots time.Duration }

func (c comparison) ratio() float64 { return float64(c.lots) / float64(c.few) }

func (c comparison) String() string {
	return fmt.Sprintf("%.2f × (%.1f µs, %.1f µs)", c.ratio(), float64(c.lots)/1e3, float64(c.few)/1e3)
}

// compare returns what an operation on an account costs in each of two worlds, in the middle one of batches that take turns: a request too
// comes to its ledger after other work, and finds little of it in the caches.
func compare(small, large *world, operation func(*world, uuid.UUID) error) (comparison, error) {
	const batches, size = 100, 200
	var took [2][]time.Duration
	for range batches {
		for i, w := range []*world{small, large} {
			some := make([]uuid.UUID, size)
			for j := range some {
				some[j] = w.accounts[rand.IntN(len(w.accounts))]
			}
			from := time.Now()
			for _, id := range some {
				if err := operation(w, id); err != nil {
					return comparison{}, err
				}
			}
			took[i] = append(took[i], time.Since(from)/size)
		}
	}
	return comparison{median(took[0]), median(took[1])}, nil
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}
