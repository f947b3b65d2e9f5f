package wrapper

import (
	"sync"
	"time"
)

// budget is a token bucket that all calls of a client share: a retry takes from it, a success puts a little back, and so does time. When
// most calls fail it runs dry, and the client stops adding to the load.
type budget struct {
	mu     sync.Mutex
	tokens int
	seen   time.Time // up to when time has paid
}

const (
	budgetSize    = 500
	budgetRetry   = 5
	budgetSuccess = 1
	budgetSecond  = 5
)

func newBudget() *budget { return &budget{tokens: budgetSize} }

func (b *budget) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	if b.tokens < budgetRetry {
		return false
	}
	b.tokens -= budgetRetry
	return true
}

func (b *budget) refill(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pay(now)
	b.tokens = min(b.tokens+budgetSuccess, budgetSize)
}

// pay puts back what whole seconds are worth. A host's clock may jump: back pays nothing, far ahead fills the bucket.
func (b *budget) pay(now time.Time) {
	passed := now.Sub(b.seen) / time.Second
	if passed < 1 && !now.Before(b.seen) {
		return
	}
	b.tokens = min(b.tokens+int(min(max(passed, 0), budgetSize))*budgetSecond, budgetSize)
	b.seen = now
}
