package main

import (
	"context"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// rebalancing triggers one by allocation, while another caller retrieves something every millisecond.
func rebalancing() ([]row, error) {
	const accounts = 400_000
	w, err := newWorld(accounts)
	if err != nil {
		return nil, err
	}
	var request contract.RebalancingRequest
	if err := request.UnmarshalJSON([]byte(`{"allocations":["` + w.allocation.String() + `"]}`)); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	from := time.Now()
	go func() {
		_, err := w.TriggerPortfolioRebalancing(context.Background(), contract.TriggerPortfolioRebalancingRequestObject{Body: &request})
		done <- err
	}()
	longest, calls := time.Duration(0), 0
	for {
		select {
		case err := <-done:
			took := time.Since(from)
			return []row{
				{"a rebalancing by allocation with 400,000 accounts", fmt.Sprintf("%.2f s", took.Seconds()), "below 2 s", took < 2*time.Second},
				{
					"the longest of the calls answered meanwhile", fmt.Sprintf("%.1f ms of %d", float64(longest)/1e6, calls),
					"below 250 ms", calls > 0 && longest < 250*time.Millisecond,
				},
			}, err
		case <-time.After(time.Millisecond):
		}
		asked := time.Now()
		if _, err := w.RetrievePortfoliosAllocation(context.Background(),
			contract.RetrievePortfoliosAllocationRequestObject{AllocationID: w.allocation}); err != nil {
			return nil, err
		}
		longest, calls = max(longest, time.Since(asked)), calls+1
	}
}
