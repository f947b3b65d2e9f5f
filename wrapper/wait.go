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
	// appearing is how long the server may not know an order that was just placed,
	// because its state spreads with delay.
	appearing = 10 * time.Second
	// longestReserve is how long before the deadline the last look begins at the
	// earliest; it is a twentieth of a short Wait.
	longestReserve = time.Second
)

// IsDone reports whether an order has reached an end: FILLED, SETTLED or CANCELLED. A
// status that this client does not know is not an end, and neither is no order.
func IsDone(order *portfolios.Order) bool {
	if order == nil {
		return false
	}
	return order.Status == portfolios.OrderStatusFILLED ||
		order.Status == portfolios.OrderStatusCANCELLED ||
		order.Status == orderSettled
}

// Wait retrieves an order (GET /portfolios/orders/{portfolio_order_id}, scope
// portfolios:read or portfolios:admin) again and again until done returns true; a nil
// done is [IsDone]. It waits one second before the second look, then half as long again
// each time, up to 30 seconds, with jitter, and looks once more shortly before the
// deadline of the context. An order that was never seen may be [ErrNotFound] for waits of
// 10 seconds in total, because the server's state spreads with delay.
//
// Wait sets no deadline: it ends with the context. [WithTimeout] limits each
// look. While the context runs, a look that fails in a way that the [RetryPolicy] retries
// counts as one that saw nothing, unless the policy allows a single attempt. The retries
// of looks have a budget apart from that of other calls.
//
// When the context ends, or a look fails in another way, Wait returns the order as last
// seen (nil if it never was) with the error. That contains the last failure that no
// successful look followed.
func (s *Orders) Wait(
	ctx context.Context, portfolioOrderID uuid.UUID, done func(*portfolios.Order) bool, options ...CallOption,
) (*portfolios.Order, error) {
	if done == nil {
		done = IsDone
	}
	w := watch{core: coreOf(s), started: time.Now()}
	options = append(slices.Clip(options), asLook())
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
		case w.sawNothing(err):
			w.failure = err
		default:
			return w.last, err
		}
		if err := w.pause(ctx, err); err != nil {
			return w.last, err
		}
	}
}

// asLook marks a call as one look of many.
func asLook() CallOption {
	return callOption(func(s *settings) error {
		s.polling = true
		return nil
	})
}

// watch is what Wait has seen so far.
type watch struct {
	core    *core
	started time.Time
	last    *portfolios.Order // nil if the order was never seen
	failure error             // of the last look that failed, unless one succeeded since
	poll    time.Duration     // the last pause before jitter
	waited  time.Duration
	reserve time.Duration // between the last look and the deadline
}

// sawNothing reports whether another look may succeed after one that failed.
func (w *watch) sawNothing(err error) bool {
	var failure *Error
	if errors.As(err, &failure) && failure.transient {
		return true
	}
	return w.last == nil && w.waited < appearing && errors.Is(err, ErrNotFound)
}

// pause waits until the next look. If there is none, it returns the error of Wait.
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

// beforeDeadline shortens a wait so that the last look begins shortly before the
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
	return wait // the last look was made
}

// end returns the error of Wait whose context ends it during a pause.
func (w *watch) end(reason error) error {
	failure := &Error{Operation: retrieveOrder.id}
	_ = errors.As(w.failure, &failure) // a 404 stays one
	failure.addCause(fmt.Errorf("wait for the order, which is %s: %w", w.state(), reason))
	return failure
}

// withFailure adds the last failure to the error of a look that the context ended.
func (w *watch) withFailure(err error) error {
	var look *Error
	if w.failure != nil && errors.As(err, &look) {
		look.addCause(fmt.Errorf("the look before it failed: %w", w.failure))
	}
	return err
}

// state describes in a few words what the last look saw.
func (w *watch) state() string {
	switch {
	case w.last != nil:
		return wire.Line(string(w.last.Status))
	case errors.Is(w.failure, ErrNotFound):
		return "not there yet"
	}
	return "not seen yet"
}
