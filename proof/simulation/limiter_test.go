package simulation_test

import (
	"context"
	"sync"
	"time"
)

// limiter is the limiter of a host. Its database may hang: then it returns with its
// context alone. Its turns may be far apart.
type limiter struct {
	mu    sync.Mutex
	hangs chan struct{} // closed when the database responds
	every time.Duration // from one turn to the next; 0 means that there is no limit
	next  time.Time     // the next turn that is free
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

// take takes the next free turn, which is lost if the caller leaves.
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

// slow sets the time from one turn to the next. Turns that were taken stay as they are.
func (l *limiter) slow(every time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.every = every
	l.next = time.Time{}
}
