// Package pace limits the requests per second of all processes of a fleet together, on
// any number of machines.
package pace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// batch is the number of slots in a lease. At 300 slots a second, a lease lasts for a
// twentieth of a second.
const batch = 15

// ErrBusy is returned for a call whose slot is due after the call's deadline.
var ErrBusy = errors.New("the next slot is due after the deadline")

// Slots provides the slots that all workers share. The type ledger.Ledger implements and
// documents its methods.
type Slots interface {
	Lease(ctx context.Context, slots int) (wait, gap time.Duration, err error)
	Defer(ctx context.Context, wait time.Duration) error
}

// Limiter assigns slots to the requests of this process, the most urgent first. It is
// safe for concurrent use.
type Limiter struct {
	slots Slots
	turns turns
	// held contains the lease while no goroutine uses it. A goroutine takes the lease
	// out, may change it, and puts it back.
	held chan lease
}

type lease struct {
	left int
	next time.Time
	gap  time.Duration
}

// New returns a limiter.
func New(slots Slots) *Limiter {
	l := &Limiter{slots: slots, held: make(chan lease, 1)}
	l.held <- lease{}
	return l
}

type (
	priorityKey struct{}
	ticketKey   struct{}
)

// WithPriority returns a context whose requests get slots before requests with a higher
// priority number.
func WithPriority(ctx context.Context, priority int) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

// Reserve waits for a slot, but no longer than atMost, and returns a context whose first
// request uses the slot. If no slot is due in this time, Reserve returns [ErrBusy].
func (l *Limiter) Reserve(ctx context.Context, atMost time.Duration) (context.Context, error) {
	bounded, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	err := l.Wait(bounded)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return ctx, ErrBusy
	}
	return context.WithValue(ctx, ticketKey{}, new(atomic.Bool)), err
}

// Wait waits until the next slot of this process is due, or uses the slot that
// [Limiter.Reserve] has reserved for the context. If the slot is due after the deadline,
// Wait returns [ErrBusy] instead of waiting for it.
func (l *Limiter) Wait(ctx context.Context) error {
	used, hasTicket := ctx.Value(ticketKey{}).(*atomic.Bool)
	if hasTicket && used.CompareAndSwap(false, true) {
		return checkDeadline(ctx)
	}
	priority, _ := ctx.Value(priorityKey{}).(int)
	if err := l.turns.take(ctx, priority); err != nil {
		return fmt.Errorf("wait for a slot: %w", err)
	}
	defer l.turns.pass()
	due, err := l.take(ctx)
	if err != nil {
		return fmt.Errorf("wait for a slot: %w", err)
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return fmt.Errorf("wait for a slot: %w", ctx.Err())
	}
	return checkDeadline(ctx)
}

// checkDeadline returns an error if the deadline has passed. After the process was
// stopped for a long time, the deadline may have passed although the context has not
// ended yet.
func checkDeadline(ctx context.Context) error {
	deadline, isBounded := ctx.Deadline()
	if isBounded && !time.Now().Round(0).Before(deadline.Round(0)) {
		return fmt.Errorf("wait for a slot: %w", context.DeadlineExceeded)
	}
	return nil
}

// take uses up the next slot, and returns the time at which the slot is due. If the slot
// is due after the deadline, take keeps the slot and returns [ErrBusy].
func (l *Limiter) take(ctx context.Context) (due time.Time, err error) {
	var held lease
	select {
	case held = <-l.held:
	case <-ctx.Done():
		return due, ctx.Err()
	}
	defer func() { l.held <- held }()
	held.dropStale(time.Now())
	if held.left == 0 {
		wait, gap, err := l.slots.Lease(ctx, batch)
		if err != nil {
			return due, err
		}
		// The wait begins when the database responds, so a slow database makes slots
		// late, but never early.
		held = lease{left: batch, next: time.Now().Add(wait), gap: gap}
		if gap == 0 {
			held.left = 1 << 20
		}
	}
	due = held.next
	deadline, isBounded := ctx.Deadline()
	if isBounded && due.After(deadline) {
		return due, ErrBusy
	}
	held.next = due.Add(held.gap)
	held.left--
	return due, nil
}

// dropStale drops slots that were not used in time. Requests that used these slots late
// would exceed the rate.
func (l *lease) dropStale(now time.Time) {
	tolerance := max(l.gap, 10*time.Millisecond)
	if l.gap == 0 {
		// Without a limit, all slots expire after a second, and the next call leases new
		// ones.
		tolerance = time.Second
	}
	for stale := now.Add(-tolerance); l.left > 0 && l.next.Before(stale); l.left-- {
		l.next = l.next.Add(l.gap)
	}
}

// Defer delays the slots that no worker has leased yet, and drops the slots that this
// process holds. Other workers may still use the slots that they hold.
func (l *Limiter) Defer(ctx context.Context, wait time.Duration) error {
	select {
	case <-l.held:
		l.held <- lease{}
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.slots.Defer(ctx, wait)
}

// Observe is a hook that the client calls after each attempt. After a response with
// status 429, it calls [Limiter.Defer] with the time that the client waits, but at least
// a second.
func (l *Limiter) Observe(ctx context.Context, attempt upvest.Attempt) {
	if attempt.Status != http.StatusTooManyRequests {
		return
	}
	// The error is ignored, because the worker still keeps the rate limit, and a second
	// 429 is harmless.
	_ = l.Defer(ctx, max(attempt.Wait, time.Second))
}
