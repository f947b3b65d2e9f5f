package simulation_test

import (
	"context"
	"sync"
	"time"
)

// limiter is the limiter of a host. If the limiter's database hangs, Wait returns when
// the caller's context ends, or after the database responds again. A slow limiter has
// long intervals between calls.
type limiter struct {
	mu    sync.Mutex
	hangs chan struct{} // closed when the database responds
	every time.Duration // interval between two calls; 0 means no limit
	next  time.Time     // the next free time
}

// Wait implements [upvest.Limiter].
func (l *limiter) Wait(ctx context.Context) error {
	hangs, turn := l.take()
	select {
	case <-hangs:
		if wait := time.Until(turn); wait > 0 {
			return pause(ctx, wait)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take reserves the next free time. The time stays reserved even if the caller's context
// ends before this time.
func (l *limiter) take() (hangs chan struct{}, turn time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn = time.Now()
	if l.next.After(turn) {
		turn = l.next
	}
	l.next = turn.Add(l.every)
	return l.hangs, turn
}

func (l *limiter) hang() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangs = make(chan struct{})
}

func (l *limiter) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.hangs)
}

// slow sets the interval between two calls. Times that callers have reserved do not
// change.
func (l *limiter) slow(every time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.every = every
	l.next = time.Time{}
}
