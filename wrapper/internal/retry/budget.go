package retry

import (
	"sync"
	"sync/atomic"
	"time"
)

// Budget is a token bucket that all calls of a client share: a retry takes from it, a
// success puts a little back, and so does time. When most calls fail it runs dry, and the
// client stops adding to the load.
type Budget struct {
	mu     sync.Mutex
	tokens atomic.Int32 // changed with the lock only
	seen   time.Time    // up to when time has paid
}

const (
	size    = 500
	retry   = 5
	success = 1
	second  = 5
)

// NewBudget returns a full budget.
func NewBudget() *Budget {
	b := new(Budget)
	b.tokens.Store(size)
	return b
}

// Take pays for a retry, if there is enough.
func (b *Budget) Take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	if b.tokens.Load() < retry {
		return false
	}
	b.tokens.Add(-retry)
	return true
}

// Refill puts back what a success is worth. While all goes well the bucket is full, and
// calls do not wait for each other here.
func (b *Budget) Refill(now time.Time) {
	if b.tokens.Load() == size {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	b.put(success)
}

// pay puts back what whole seconds are worth. A host's clock may jump: back pays nothing,
// far ahead fills the bucket.
func (b *Budget) pay(now time.Time) {
	passed := now.Sub(b.seen) / time.Second
	if passed < 1 && !now.Before(b.seen) {
		return
	}
	b.put(int32(min(max(passed, 0), size)) * second)
	b.seen = now
}

func (b *Budget) put(tokens int32) { b.tokens.Store(min(b.tokens.Load()+tokens, size)) }
