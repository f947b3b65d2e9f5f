package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// instalment is the investment for one month of a savings plan. The operator of the plan
// chooses the instalment's ID, and uses the same ID in every attempt.
type instalment struct {
	id            string
	account, user uuid.UUID
	amount        api.Decimal
}

var (
	// errLater means that the order was not placed, that it is unknown whether the order
	// was placed, or that the response with the order is unusable. The caller must try
	// the same instalment again, within 24 hours if the order may have been placed.
	errLater = errors.New("try this instalment again later")
	// errRejected means that this call did not place the order, because the server
	// refused it with 400, 404 or 422. Trying again is useless until the cause is
	// corrected.
	errRejected = errors.New("this instalment needs manual review")
)

// savings is the service under test. It places at most one order for an instalment, even
// if the caller calls invest several times for the instalment within 24 hours.
type savings struct{ client *upvest.Client }

// invest places the order for an instalment and returns the order. The idempotency key is
// derived from the instalment's ID, so the server recognizes a repetition within 24
// hours, even from a different process. The service therefore does not have to store its
// requests. After 24 hours, check whether the account has the order before you call
// invest again.
func (s savings) invest(ctx context.Context, i instalment) (*portfolios.Order, error) {
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", i.id)
	if err != nil {
		return nil, err
	}
	order, err := s.client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID:  i.account,
		UserID:     i.user,
		CashAmount: i.amount,
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	}, upvest.WithIdempotencyKey(key))
	switch {
	case err == nil:
		return order, nil
	case errors.Is(err, upvest.ErrOutcomeUnknown), errors.Is(err, upvest.ErrAccepted):
		// This case comes before the refusals, because an earlier attempt may have
		// placed the order even if a later attempt was refused.
		return nil, fmt.Errorf("%w: %w", errLater, err)
	case errors.Is(err, upvest.ErrBadRequest),
		errors.Is(err, upvest.ErrNotFound),
		errors.Is(err, upvest.ErrUnprocessable):
		return nil, fmt.Errorf("%w: %w", errRejected, err)
	default:
		return nil, fmt.Errorf("%w: %w", errLater, err)
	}
}
