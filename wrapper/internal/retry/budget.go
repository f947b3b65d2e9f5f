package retry

import (
	"sync"
	"sync/atomic"
	"time"
)

// Budget is a token bucket that limits the retries of the calls that share it. A retry
// removes tokens; each success and each second adds some. If most calls fail, the bucket
// is soon empty, and retries add little to the load on the server.
type Budget struct {
	mu     sync.Mutex
	tokens atomic.Int32 // changed only with the lock held
	seen   time.Time    // tokens for the seconds until this time have been added
}

const (
	size    = 500 // the number of tokens in a full bucket
	retry   = 5   // the tokens that a retry removes
	success = 1   // the tokens that a success adds
	second  = 5   // the tokens that a second adds
)

// NewBudget returns a full budget.
func NewBudget() *Budget {
	b := new(Budget)
	b.tokens.Store(size)
	return b
}

// Take removes the tokens of a retry. It returns false if the bucket has too few tokens.
func (b *Budget) Take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addForTime(now)
	if b.tokens.Load() < retry {
		return false
	}
	b.tokens.Add(-retry)
	return true
}

// Refill adds the tokens of a success. If the bucket is full, Refill takes no lock, so
// that successful calls do not wait for each other.
func (b *Budget) Refill(now time.Time) {
	if b.tokens.Load() == size {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addForTime(now)
	b.put(success)
}

// addForTime adds the tokens of the whole seconds that have passed. If the clock has
// jumped back, it adds nothing; if it has jumped far ahead, the bucket is full.
func (b *Budget) addForTime(now time.Time) {
	passed := now.Sub(b.seen)
	switch {
	case passed < 0:
		b.seen = now
	case passed > size*time.Second:
		b.put(size)
		b.seen = now
	case passed >= time.Second:
		b.put(int32(passed/time.Second) * second)
		b.seen = now.Add(-passed % time.Second) // the next call counts the fraction
	}
}

func (b *Budget) put(tokens int32) { b.tokens.Store(min(b.tokens.Load()+tokens, size)) }
