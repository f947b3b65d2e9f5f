// Package pace keeps all workers of a fleet, on any number of machines, within one number of requests a second.
package pace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// batch is how many slots are leased at once: at 300 a second a twentieth of a second of them.
const batch = 15

// ErrBusy says that the next slot comes later than the call can wait for.
var ErrBusy = errors.New("the next slot comes too late")

// Slots are shared by all workers, see the methods of ledger.Ledger.
type Slots interface {
	Lease(ctx context.Context, slots int) (wait, gap time.Duration, err error)
	Defer(ctx context.Context, wait time.Duration) error
}

// Limiter hands slots out to the requests of this process. It is safe for concurrent use.
type Limiter struct {
	slots Slots
	state chan lease // one value: who holds it may change it
}

type lease struct {
	left int
	next time.Time
	gap  time.Duration
}

// New makes a limiter.
func New(slots Slots) *Limiter {
	l := &Limiter{slots: slots, state: make(chan lease, 1)}
	l.state <- lease{}
	return l
}

// Wait returns when the next slot of this process is due. It fails at once if that would be after the deadline.
func (l *Limiter) Wait(ctx context.Context) error {
	due, err := l.take(ctx)
	if err != nil {
		return fmt.Errorf("wait for a slot: %w", err)
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	// A process that was stopped for long may come to here before the timer of its context does.
	if deadline, bounded := ctx.Deadline(); bounded && !time.Now().Round(0).Before(deadline.Round(0)) {
		return context.DeadlineExceeded
	}
	return nil
}

func (l *Limiter) take(ctx context.Context) (due time.Time, err error) {
	var held lease
	select {
	case held = <-l.state:
	case <-ctx.Done():
		return due, ctx.Err()
	}
	defer func() { l.state <- held }()
	deadline, bounded := ctx.Deadline()
	tolerance := max(held.gap, 10*time.Millisecond)
	if held.gap == 0 {
		tolerance = time.Second // no limit: the database is asked now and then whether there is one
	}
	// Slots that nobody wanted in their time are gone: used later, they would come on top of those of that time.
	for stale := time.Now().Add(-tolerance); held.left > 0 && held.next.Before(stale); held.left-- {
		held.next = held.next.Add(held.gap)
	}
	if held.left == 0 {
		wait, gap, err := l.slots.Lease(ctx, batch)
		if err != nil {
			return due, err
		}
		// From the answer on, not from the question: a slow database makes slots late, never early.
		held = lease{left: batch, next: time.Now().Add(wait), gap: gap}
		if gap == 0 {
			held.left = 1 << 20
		}
	}
	if due = held.next; bounded && due.After(deadline) {
		return due, ErrBusy
	}
	held.next = due.Add(held.gap)
	held.left--
	return due, nil
}

// Defer puts the slots of all workers off, and gives those back that this process holds.
func (l *Limiter) Defer(ctx context.Context, wait time.Duration) error {
	select {
	case <-l.state:
		l.state <- lease{}
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.slots.Defer(ctx, wait)
}

// Observe is a hook for the client's attempts: a 429 puts the slots of all workers off by what the client waits, at least a second.
func (l *Limiter) Observe(ctx context.Context, attempt upvest.Attempt) {
	if attempt.Status != http.StatusTooManyRequests {
		return
	}
	// Without this the limit holds as well: a 429 more is no harm.
	_ = l.Defer(ctx, max(attempt.Wait, time.Second))
}
