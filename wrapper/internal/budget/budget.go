// Package budget keeps a client from adding to the load of a server that fails.
package budget

import (
	"sync"
	"time"
)

// Budget is a token bucket that all calls of a client share: a retry takes from it, a success puts a little back, and so does time. When
// most calls fail it runs dry, and the client stops adding to the load.
type Budget struct {
	mu     sync.Mutex
	tokens int
	seen   time.Time // up to when time has paid
}

const (
	size    = 500
	retry   = 5
	success = 1
	second  = 5
)

// New returns a full budget.
func New() *Budget { return &Budget{tokens: size} }

// Take pays for a retry, if there is enough.
func (b *Budget) Take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	if b.tokens < retry {
		return false
	}
	b.tokens -= retry
	return true
}

// Refill puts back what a success is worth.
func (b *Budget) Refill(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	b.tokens = min(b.tokens+success, size)
}

// pay puts back what whole seconds are worth. A host's clock may jump: back pays nothing, far ahead fills the bucket.
func (b *Budget) pay(now time.Time) {
	passed := now.Sub(b.seen) / time.Second
	if passed < 1 && !now.Before(b.seen) {
		return
	}
	b.tokens = min(b.tokens+int(min(max(passed, 0), size))*second, size)
	b.seen = now
}
