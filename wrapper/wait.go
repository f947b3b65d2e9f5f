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
	// orderSettled is a status that follows FILLED in later versions of the API.
	orderSettled portfolios.OrderStatus = "SETTLED"

	firstPoll   = time.Second
	longestPoll = 30 * time.Second
	// appearing is how long the server may not know an order that was just placed,
	// because its state spreads with delay.
	appearing = 10 * time.Second
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
// each time, up to 30 seconds, with jitter. An order that was never seen may be
// [ErrNotFound] for waits of 10 seconds in total, because the server's state spreads with
// delay. Limit the duration by the context: when that ends, or when retrieving fails,
// Wait returns the order as last seen (nil if it never was) with the error.
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
			last = order
			if done(order) {
				return order, nil
			}
			state = wire.Line(string(order.Status))
		case last != nil || waited >= appearing || !errors.Is(err, ErrNotFound):
			return last, err
		}
		wait := poll/2 + s.core.random.upTo(poll/2)
		if ended := retry.Sleep(ctx, wait); ended != nil {
			failure := &Error{Operation: retrieveOrder.id}
			_ = errors.As(err, &failure) // a 404 stays one
			failure.addCause(fmt.Errorf("wait for the order, which is %s: %w", state, ended))
			return last, failure
		}
		waited += wait
	}
}
