package wrapper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

const (
	// orderSettled is a status of later versions of the API, behind FILLED.
	orderSettled portfolios.OrderStatus = "SETTLED"

	firstPoll   = time.Second
	longestPoll = 30 * time.Second
	// appearing is how long an order that was just placed may be unknown to the server: its state spreads with delay.
	appearing = 10 * time.Second
)

// IsDone reports whether an order has come to an end: FILLED, SETTLED or CANCELLED. A status that this client does not know is not one.
func IsDone(order *portfolios.Order) bool {
	switch order.Status {
	case portfolios.OrderStatusFILLED, orderSettled, portfolios.OrderStatusCANCELLED:
		return true
	}
	return false
}

// Wait retrieves an order again and again until done says that it has come far enough; a nil done is [IsDone]. Between two looks it
// waits a second at first, then half as long again each time up to 30 seconds, with jitter. An order that was never seen yet may be
// [ErrNotFound] for waits of 10 seconds in all: the server says that its state spreads with delay. Bound Wait by the context: when that
// ends, or when retrieving fails, it returns the order as last seen (nil if it never was) with the error.
func (s *Orders) Wait(
	ctx context.Context, portfolioOrderID uuid.UUID, done func(*portfolios.Order) bool, options ...CallOption,
) (*portfolios.Order, error) {
	if done == nil {
		done = IsDone
	}
	var last *portfolios.Order
	var waited time.Duration
	for poll := firstPoll; ; poll = min(poll*3/2, longestPoll) {
		order, err := s.Retrieve(ctx, portfolioOrderID, options...)
		state := "not there yet"
		switch {
		case err == nil:
			if last = order; done(order) {
				return order, nil
			}
			state = wire.Line(string(order.Status))
		case last != nil || waited >= appearing || !errors.Is(err, ErrNotFound):
			return last, err
		}
		wait := poll/2 + s.core.random.UpTo(poll/2)
		if ended := retry.Sleep(ctx, wait); ended != nil {
			failure := &Error{Operation: retrieveOrder.id}
			_ = errors.As(err, &failure) // a 404 stays one
			failure.because(fmt.Errorf("wait for the order, which is %s: %w", state, ended))
			return last, failure
		}
		waited += wait
	}
}
