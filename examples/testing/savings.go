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

// instalment is one month of a savings plan. Its id comes from the books of whoever runs
// the plan, and is the same whenever it is tried.
type instalment struct {
	id            string
	account, user uuid.UUID
	amount        api.Decimal
}

var (
	// errLater means that nobody knows whether the order was placed, or that it was not:
	// the same instalment has to be tried again.
	errLater = errors.New("try this instalment again later")
	// errRejected means that the order was not placed, and that trying again will not
	// help.
	errRejected = errors.New("this instalment needs a person")
)

// savings is the service under test: it invests instalments, each exactly once however
// often it is asked to.
type savings struct{ client *upvest.Client }

// invest returns the order of an instalment. The key that is derived from the
// instalment's id lets the server recognise a repetition, be it by another process: no
// list of what was sent has to be kept.
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
	case errors.Is(err, upvest.ErrBadRequest),
		errors.Is(err, upvest.ErrNotFound),
		errors.Is(err, upvest.ErrUnprocessable):
		return nil, fmt.Errorf("%w: %w", errRejected, err)
	default:
		return nil, fmt.Errorf("%w: %w", errLater, err)
	}
}
