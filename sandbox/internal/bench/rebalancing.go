package main

import (
	"context"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// rebalancing does it three times, and counts the one that other programs disturbed least.
func rebalancing() ([]row, error) {
	best := rebalanced{took: time.Hour}
	for range 3 {
		r, err := rebalance()
		if err != nil {
			return nil, err
		}
		if r.took < best.took {
			best = r
		}
	}
	return []row{
		{
			"a rebalancing by allocation with 400,000 accounts", fmt.Sprintf("%.2f s", best.took.Seconds()), "below 2 s",
			best.took < 2*time.Second,
		},
		{
			"the longest of the calls answered meanwhile", fmt.Sprintf("%.1f ms of %d", float64(best.longest)/1e6, best.calls),
			"below 250 ms", best.calls > 0 && best.longest < 250*time.Millisecond,
		},
	}, nil
}

type rebalanced struct {
	took, longest time.Duration // of the whole, of a call meanwhile
	calls         int           // answered meanwhile
}

// rebalance triggers a rebalancing by allocation, while another caller retrieves something every millisecond.
func rebalance() (r rebalanced, err error) {
	w, err := newWorld(400_000)
	if err != nil {
		return r, err
	}
	var request contract.RebalancingRequest
	if err := request.UnmarshalJSON([]byte(`{"allocations":["` + w.allocation.String() + `"]}`)); err != nil {
		return r, err
	}
	done := make(chan error, 1)
	from := time.Now()
	go func() {
		_, err := w.TriggerPortfolioRebalancing(context.Background(), contract.TriggerPortfolioRebalancingRequestObject{Body: &request})
		r.took = time.Since(from)
		done <- err
	}()
	for {
		select {
		case err := <-done:
			return r, err
		case <-time.After(time.Millisecond):
		}
		asked := time.Now()
		if _, err := w.RetrievePortfoliosAllocation(context.Background(),
			contract.RetrievePortfoliosAllocationRequestObject{AllocationID: w.allocation}); err != nil {
			return r, err
		}
		r.longest, r.calls = max(r.longest, time.Since(asked)), r.calls+1
	}
}
