// Package place sends the order of one row, and makes sure that it is placed once, whatever became of earlier attempts.
package place

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
)

const (
	// Timeout is how long an attempt may take, waiting for its slot included.
	Timeout = 20 * time.Second
	// underWay is how long after its beginning an attempt can still act: it ends after Timeout, and what it signed last is good for a minute,
	// as Upvest's clock sees it.
	underWay = Timeout + time.Minute + 40*time.Second
	// Skew is how far the clocks of the database and of Upvest may be apart when orders are looked for.
	Skew = 5 * time.Minute
	// operation is what an order's key is derived from, beside run and account.
	operation = "create_portfolios_order"
)

// later has an order taken up again after a time. It is no failure.
func later(wait time.Duration) error { return river.JobSnooze(wait + rand.N(time.Second)) }

// Placer places orders. It is safe for concurrent use.
type Placer struct {
	Ledger *ledger.Ledger
	Client *upvest.Client
}

// Key returns the idempotency key of an order, the same for ever.
func Key(run string, account uuid.UUID) (uuid.UUID, error) {
	return upvest.IdempotencyKeyFor(operation, "fleet/"+run+"/"+account.String())
}

// Place takes an order up. It returns nil when there is nothing more to do for it, a snooze of River's, or why it has to be tried again.
func (p *Placer) Place(ctx context.Context, run string, account uuid.UUID) error {
	order, begun, err := p.Ledger.Start(ctx, run, account)
	switch {
	case err != nil:
		return err
	case begun:
		return p.send(ctx, order)
	case order.Outcome == ledger.Open, order.Outcome == ledger.Look:
		return p.look(ctx, order)
	}
	return nil
}

// send sends an order whose attempt has begun.
func (p *Placer) send(ctx context.Context, order ledger.Order) error {
	key, err := Key(order.Run, order.Account)
	if err != nil {
		return fmt.Errorf("derive the key: %w", err)
	}
	placed, err := p.Client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID: order.Account, UserID: order.User, Side: portfolios.Side(order.Side), CashAmount: api.Decimal(order.Amount),
		Currency: portfolios.Currency(order.Currency),
	}, upvest.WithIdempotencyKey(key))
	// What is known now is written down even if the time for the attempt is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var failure *upvest.Error
	switch {
	case err == nil:
		return p.Ledger.Finish(ctx, order, ledger.Placed, uuid.NullUUID{UUID: placed.ID, Valid: true}, "")
	case !errors.As(err, &failure) || failure.Outcome != upvest.OutcomeRefused:
		return err // it may have been placed: the row says so already
	case isDefinite(failure.Status) && order.Attempts == 1:
		return p.Ledger.Finish(ctx, order, ledger.Refused, uuid.NullUUID{}, err.Error())
	case isDefinite(failure.Status):
		if err := p.Ledger.Note(ctx, order.Run, order.Account, ledger.Look, err.Error()); err != nil {
			return err
		}
		return later(underWay)
	case errors.Is(err, pace.ErrBusy):
		return errors.Join(p.Ledger.Release(ctx, order), later(time.Second))
	}
	return errors.Join(err, p.Ledger.Release(ctx, order))
}

// isDefinite says whether a status is about the order itself, so that the same order will be refused again.
func isDefinite(status int) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}, status)
}

// look finds out whether an earlier attempt has placed the order, as its key alone cannot tell any more.
func (p *Placer) look(ctx context.Context, order ledger.Order) error {
	if wait := underWay - order.Now.Sub(order.Last); wait > 0 {
		return later(wait)
	}
	found, err := p.matches(ctx, order)
	if err != nil {
		return err
	}
	switch {
	case len(found) == 1:
		return p.Ledger.Finish(ctx, order, ledger.Adopted, uuid.NullUUID{UUID: found[0], Valid: true}, "")
	case len(found) > 1:
		return p.Ledger.Finish(ctx, order, ledger.Review, uuid.NullUUID{}, fmt.Sprintf("may be any of these orders: %v", found))
	case order.Outcome == ledger.Look:
		return p.Ledger.Finish(ctx, order, ledger.Refused, uuid.NullUUID{}, order.Detail)
	}
	if begun, err := p.Ledger.Restart(ctx, &order); err != nil || !begun {
		return errors.Join(err, later(time.Second))
	}
	return p.send(ctx, order)
}

// matches returns the orders of the account that may be this one: as old as its attempts, alike, and claimed by no row.
func (p *Placer) matches(ctx context.Context, order ledger.Order) ([]uuid.UUID, error) {
	since := order.Since.Add(-Skew)
	var alike []uuid.UUID
	for found, err := range p.Client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &order.Account, StartDate: &since}) {
		if err != nil {
			return nil, fmt.Errorf("look for the order: %w", err)
		}
		if Matches(order.Body, Found(found).Body) {
			alike = append(alike, found.ID)
		}
	}
	claimed, err := p.Ledger.Claimed(ctx, alike)
	return slices.DeleteFunc(alike, func(id uuid.UUID) bool { return slices.Contains(claimed, id) }), err
}

// Found is an order of the server as the ledger compares it.
func Found(o portfolios.Order) ledger.Found {
	return ledger.Found{ID: o.ID, Body: ledger.Body{
		Account: o.AccountID, Side: string(o.Type), Amount: string(o.CashAmount), Currency: string(o.Currency),
	}}
}

// Matches says whether an order of the server is what a row asks for: account, side, currency and exact amount.
func Matches(row, found ledger.Body) bool {
	difference, err := api.Decimal(found.Amount).Cmp(api.Decimal(row.Amount))
	return err == nil && difference == 0 && found.Account == row.Account && found.Side == row.Side && found.Currency == row.Currency
}
