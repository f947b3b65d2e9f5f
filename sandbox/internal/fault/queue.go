package fault

import (
	"fmt"
	"slices"
	"sync"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
)

// maxWaiting is how many faults can wait.
const maxWaiting = 10_000

// Queue holds the faults that wait for their requests. It is safe for concurrent use.
type Queue struct {
	contract *openapi.Contract

	mu      sync.Mutex
	waiting []*Fault
}

// NewQueue returns an empty queue of faults for the operations of the contract.
func NewQueue(contract *openapi.Contract) *Queue { return &Queue{contract: contract} }

// Add checks a fault and appends it.
func (q *Queue) Add(f Fault) error {
	if err := f.check(q.contract); err != nil {
		return fmt.Errorf("inject a fault: %w", err)
	}
	f.Header = f.Header.Clone()
	f.Body = slices.Clone(f.Body)
	if f.Count == 0 {
		f.Count = 1
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == maxWaiting {
		return fmt.Errorf("inject a fault: %d are waiting already", maxWaiting)
	}
	q.waiting = append(q.waiting, &f)
	return nil
}

// Clear removes all faults.
func (q *Queue) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = nil
}

// Meet returns the fault for a request of the operation, or nil if there is none.
func (q *Queue) Meet(route *openapi.Route) *Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, waiting := range q.waiting {
		if waiting.Operation != "" && waiting.Operation != route.Operation {
			continue
		}
		if !waiting.fits(route.SuccessStatus()) {
			continue
		}
		waiting.Count--
		if waiting.Count == 0 {
			q.waiting = slices.Delete(q.waiting, i, i+1)
		}
		met := *waiting
		return &met
	}
	return nil
}
