package fault

import (
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
)

// maxWaiting is the largest number of faults that the queue can hold.
const maxWaiting = 10_000

// Queue holds the faults that wait for their requests. It is safe for concurrent use.
type Queue struct {
	known Known

	mu      sync.Mutex
	waiting []*Waiting
}

// Known reports which operations, clients and accounts exist. A fault can be limited only
// to these.
type Known struct {
	Contract *openapi.Contract
	// Client reports whether an API client exists, and Account whether an account exists.
	Client, Account func(uuid.UUID) bool
}

// Waiting is a fault that waits for requests.
type Waiting struct {
	// Fault is the fault that waits. Matching requests have already reduced its Nth and
	// its Count, except a negative Count.
	Fault Fault
	// Met is the number of requests to which the fault has been applied.
	Met int
}

// Target is a request that passed the checks of package exchange.
type Target struct {
	Route    *openapi.Route
	ClientID uuid.UUID
	// Accounts returns the accounts that the request names, and those of the order or
	// rebalancing in its path. It is called only if a fault is limited to an account.
	Accounts func() []uuid.UUID
}

// NewQueue returns an empty queue.
func NewQueue(known Known) *Queue { return &Queue{known: known} }

// Add checks a fault and appends it to the queue.
func (q *Queue) Add(f Fault) error {
	if err := f.check(q.known); err != nil {
		return fmt.Errorf("inject a fault: %w", err)
	}
	f.Header = f.Header.Clone()
	f.Body = slices.Clone(f.Body)
	f.Nth = max(1, f.Nth)
	if f.Count == 0 {
		f.Count = 1
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == maxWaiting {
		return fmt.Errorf("inject a fault: %d faults are already waiting", maxWaiting)
	}
	q.waiting = append(q.waiting, &Waiting{Fault: f})
	return nil
}

// Clear removes all faults.
func (q *Queue) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = nil
}

// Pending returns the waiting faults, in the order in which they were added.
func (q *Queue) Pending() []Waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	pending := make([]Waiting, len(q.waiting))
	for i, one := range q.waiting {
		pending[i] = *one
		pending[i].Fault.Header = one.Fault.Header.Clone()
		pending[i].Fault.Body = slices.Clone(one.Fault.Body)
	}
	return pending
}

// Apply returns the fault that applies to a request, or nil if no fault applies. Every
// waiting fault that matches the request counts the request. A fault is ready once it has
// counted as many requests as its Nth. The first ready fault applies, and the other ready
// faults wait for the next request that matches them.
func (q *Queue) Apply(target Target) *Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	target.Accounts = sync.OnceValue(target.Accounts)
	var met *Fault
	for _, one := range q.waiting {
		f := &one.Fault
		switch {
		case !f.matches(target):
		case f.Nth > 1:
			f.Nth--
		case met == nil:
			copied := *f
			met = &copied
			if f.Count > 0 {
				f.Count--
			}
			one.Met++
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(one *Waiting) bool { return one.Fault.Count == 0 })
	return met
}

// matches reports whether the request matches the limits of the fault, and whether the
// response can have the body that the fault needs.
func (f *Fault) matches(target Target) bool {
	switch {
	case f.Operation != "" && f.Operation != target.Route.Operation:
		return false
	case f.ClientID != uuid.Nil && f.ClientID != target.ClientID:
		return false
	case !f.fits(target.Route.SuccessStatus()):
		return false
	default:
		return f.AccountID == uuid.Nil || slices.Contains(target.Accounts(), f.AccountID)
	}
}
