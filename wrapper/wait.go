package wrapper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

const (
	// orderSettled is a status that follows FILLED in later versions of the API.
	orderSettled portfolios.OrderStatus = "SETTLED"

	firstPoll   = time.Second
	longestPoll = 30 * time.Second
	// notFoundTolerance limits how long Wait tolerates [ErrNotFound] for an order that it
	// has not received yet. It is compared with the sum of the pauses.
	notFoundTolerance = 10 * time.Second
	// longestReserve is the longest time between the start of the last retrieval and the
	// deadline. That time is also limited to a twentieth of the time from the start of
	// Wait to the deadline.
	longestReserve = time.Second
)

// IsDone reports whether an order is FILLED, SETTLED or CANCELLED. It returns false for
// an unknown status, and for nil.
func IsDone(order *portfolios.Order) bool {
	if order == nil {
		return false
	}
	return order.Status == portfolios.OrderStatusFILLED ||
		order.Status == portfolios.OrderStatusCANCELLED ||
		order.Status == orderSettled
}

// Wait retrieves an order repeatedly until done returns true (GET
// /portfolios/orders/{portfolio_order_id}, scope portfolios:read or portfolios:admin). If
// done is nil, Wait uses [IsDone]. The pause before the second retrieval is one second.
// Each further pause is 1.5 times as long as the previous pause, up to 30 seconds. Jitter
// shortens a pause by up to half. If a server requests a longer wait with Retry-After
// than the retry policy allows, the pause is at least that long. If the context has a
// deadline, Wait shortens the last pause so that the last retrieval begins shortly before
// the deadline. If the first retrievals return [ErrNotFound], Wait continues until its
// pauses add up to 10 seconds, because a server may need some time to find a new order.
//
// Wait has no time limit except the deadline of its context. [WithTimeout] limits each
// retrieval. Wait continues after a retrieval that failed with a timeout, or in a way
// that the [RetryPolicy] retries, unless the policy allows only a single attempt. The
// retries of these retrievals use a separate retry budget, which only calls of Wait
// share.
//
// If the context ends, or Wait does not continue after a failed retrieval, Wait returns
// the order as last received (nil if it was never received) with the error. The error
// also contains the last failure, unless a successful retrieval followed it.
//
// Errors to handle: [context.DeadlineExceeded] for an order that is not done yet, and the
// errors of Retrieve.
//
// Source: docs.upvest.co, "Retrieve portfolios order".
func (s *Orders) Wait(
	ctx context.Context, portfolioOrderID uuid.UUID, done func(*portfolios.Order) bool, options ...CallOption,
) (*portfolios.Order, error) {
	if done == nil {
		done = IsDone
	}
	w := watch{core: coreOf(s), started: time.Now()}
	options = append(slices.Clip(options), asPoll())
	for {
		order, err := s.Retrieve(ctx, portfolioOrderID, options...)
		switch {
		case err == nil:
			w.last = order
			w.failure = nil
			if done(order) {
				return order, nil
			}
		case ctx == nil || ctx.Err() != nil:
			return w.last, w.withFailure(err)
		case w.mayContinue(err):
			w.failure = err
		default:
			return w.last, err
		}
		if err := w.pause(ctx, err); err != nil {
			return w.last, err
		}
	}
}

// asPoll returns the option that marks a call as one of the retrievals of Wait.
func asPoll() CallOption {
	return callOption(func(s *settings) error {
		s.polling = true
		return nil
	})
}

// watch is the state of a Wait call: what it has received so far, and its pauses.
type watch struct {
	core    *core
	started time.Time
	last    *portfolios.Order // nil if the order was never received
	failure error             // the error of the last retrieval, nil if it succeeded
	poll    time.Duration     // the last pause, without its jitter
	waited  time.Duration
	reserve time.Duration // the time between the last retrieval and the deadline
}

// mayContinue reports whether another retrieval may succeed after a retrieval that failed
// with err.
func (w *watch) mayContinue(err error) bool {
	var failure *Error
	if errors.As(err, &failure) && failure.transient {
		return true
	}
	return w.last == nil && w.waited < notFoundTolerance && errors.Is(err, ErrNotFound)
}

// pause waits until the next retrieval. If there can be no further retrieval, pause
// returns the error that Wait returns.
func (w *watch) pause(ctx context.Context, look error) error {
	w.poll = min(max(firstPoll, w.poll*3/2), longestPoll)
	wait := w.poll/2 + w.core.random.upTo(w.poll/2)
	if failure, ok := errors.AsType[*Error](look); ok {
		wait = max(wait, failure.retryAfter)
	}
	wait = w.beforeDeadline(ctx, wait)
	if ended := retry.Sleep(ctx, wait); ended != nil {
		return w.end(ended)
	}
	w.waited += wait
	return nil
}

// beforeDeadline shortens a wait so that the last retrieval begins shortly before the
// deadline.
func (w *watch) beforeDeadline(ctx context.Context, wait time.Duration) time.Duration {
	deadline, limited := ctx.Deadline()
	if !limited {
		return wait
	}
	if w.reserve == 0 {
		longest := min(deadline.Sub(w.started)/20, longestReserve)
		w.reserve = longest/2 + w.core.random.upTo(longest/2)
	}
	if left := time.Until(deadline) - w.reserve; left > 0 {
		return min(wait, left)
	}
	return wait // normally outlasts the deadline
}

// end returns the error of Wait if the context ends during a pause, or if the pause would
// outlast the deadline of the context.
func (w *watch) end(reason error) error {
	failure := &Error{Operation: retrieveOrder.id}
	_ = errors.As(w.failure, &failure) // the error still matches ErrNotFound after a 404
	failure.addCause(fmt.Errorf("wait for the order, which is %s: %w", w.state(), reason))
	return failure
}

// withFailure adds the last failure to the error of a retrieval that the context ended.
func (w *watch) withFailure(err error) error {
	var look *Error
	if w.failure != nil && errors.As(err, &look) {
		look.addCause(fmt.Errorf("the previous retrieval failed: %w", w.failure))
	}
	return err
}

// state returns the status of the order as last received, or why it is not known.
func (w *watch) state() string {
	switch {
	case w.last != nil:
		return wire.Line(string(w.last.Status))
	case errors.Is(w.failure, ErrNotFound):
		return "not found yet"
	}
	return "not received yet"
}
