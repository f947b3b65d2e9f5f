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
	many = 1_000_000

	orderDelay = time.Minute
)

// world is a ledger without HTTP, with a clock that stands still until the benchmark
// moves it.
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
		body.Allocation[i] = contract.InstrumentWeight{
			InstrumentIDType: contract.InstrumentIDTypeISIN, Weight: "0.5",
		}
		if err := body.Allocation[i].InstrumentID.FromInstrumentWeightInstrumentID0(isin); err != nil {
			return nil, err
		}
	}
	ctx := context.Background()
	made, err := w.CreatePortfoliosAllocation(ctx,
		contract.CreatePortfoliosAllocationRequestObject{Body: &body})
	if err != nil {
		return nil, err
	}
	response, ok := made.(contract.CreatePortfoliosAllocation200JSONResponse)
	if !ok {
		return nil, fmt.Errorf("create the allocation: got %T", made)
	}
	w.allocation = response.Body.ID
	for range accounts {
		id := uuid.New()
		w.accounts = append(w.accounts, id)
		follows := contract.CreatePortfoliosConfigurationRequestObject{
			Body: &contract.ConfigurationRequest{AccountID: id, AllocationID: w.allocation},
		}
		if _, err := w.CreatePortfoliosConfiguration(ctx, follows); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// buy places an order. Each request has newly allocated strings, like a decoded request,
// so the ledger shares no memory with the caller.
func (w *world) buy(accountID uuid.UUID) error {
	request := contract.CreatePortfoliosOrderRequestObject{Body: &contract.OrderRequest{
		AccountID:  accountID,
		UserID:     uuid.New(),
		CashAmount: fmt.Sprintf("%d.00", 100+rand.IntN(900)),
		Currency:   contract.CurrencyEUR,
		Side:       contract.SideBUY,
	}}
	_, err := w.CreatePortfoliosOrder(context.Background(), request)
	return err
}

// list lists the orders of an account and writes the response.
func (w *world) list(accountID uuid.UUID) error {
	request := contract.ListPortfoliosOrdersRequestObject{
		Params: contract.ListPortfoliosOrdersParams{AccountID: &accountID},
	}
	response, err := w.ListPortfoliosOrders(context.Background(), request)
	if err != nil {
		return err
	}
	return response.VisitListPortfoliosOrdersResponse(httptest.NewRecorder())
}

// growth compares a ledger of a thousand accounts to a ledger of a million accounts.
func growth() ([]row, error) {
	small, err := newWorld(few)
	if err != nil {
		return nil, err
	}
	before := heap()
	large, err := newWorld(many)
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
			// The orders become FILLED when they are read.
			if err := w.list(id); err != nil {
				return nil, err
			}
		}
	}
	// not counting the account ids that the benchmark itself keeps
	held := heap() - before - many*16
	// Listing is measured first, because the insertions give the accounts of the small
	// ledger more orders than the accounts of the large ledger.
	listing, err := compare(small, large, (*world).list)
	if err != nil {
		return nil, err
	}
	insertion, err := compare(small, large, (*world).buy)
	if err != nil {
		return nil, err
	}
	return []row{
		{
			what:   "memory of 1,000,000 accounts with a filled order each",
			figure: fmt.Sprintf("%.2f GB", held/1e9),
			target: "below 1.2 GB",
			met:    held < 1.2e9,
		},
		{
			what:   "time to place an order: sandbox with 1,000,000 accounts vs. 1,000",
			figure: insertion.String(),
			target: "at most 2 ×",
			met:    insertion.ratio() <= 2,
		},
		{
			what:   "time to list one account's orders: sandbox with 1,000,000 accounts vs. 1,000",
			figure: listing.String(),
			target: "at most 2 ×",
			met:    listing.ratio() <= 2,
		},
	}, nil
}

// heap returns how many bytes of the heap are in use.
func heap() float64 {
	runtime.GC()
	runtime.GC() // the first run keeps what finalizers and pools hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

type comparison struct{ few, many time.Duration }

func (c comparison) ratio() float64 { return float64(c.many) / float64(c.few) }

func (c comparison) String() string {
	return fmt.Sprintf("%.2f × (%.1f µs, %.1f µs)", c.ratio(), float64(c.many)/1e3, float64(c.few)/1e3)
}

// compare measures how long an operation on one account takes in each of two worlds: the
// median over many batches. The batches alternate between the worlds. This can evict a
// ledger from the CPU caches, as other work between two requests can.
func compare(small, large *world, operation func(*world, uuid.UUID) error) (comparison, error) {
	const batches = 100
	const size = 200
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
	return comparison{few: median(took[0]), many: median(took[1])}, nil
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}
