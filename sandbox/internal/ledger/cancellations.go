package ledger

import (
	"context"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// CancelPortfoliosOrder cancels an order at once.
//
// Source: "Cancel portfolios order" and the guide: always while NEW, while PROCESSING as
// far as the individual orders allow. The errors page: conflict is "not available for
// current status".
// Choice: while PROCESSING it needs an individual order that is not FILLED, so an order
// without any individual order cannot be cancelled then.
func (l *Ledger) CancelPortfoliosOrder(
	ctx context.Context, request contract.CancelPortfoliosOrderRequestObject,
) (contract.CancelPortfoliosOrderResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := l.order(c, request.PortfolioOrderID, now)
	if err != nil {
		return nil, err
	}
	if err := o.cancellable("portfolio_order_id"); err != nil {
		return nil, err
	}
	o.cancel(now, later.CancellationReasonCANCELLEDBYCLIENT)
	l.record(ctx, now, o.id, o.account.id)
	return contract.CancelPortfoliosOrder204Response{}, nil
}

// cancellable refuses an order of which nothing is left to cancel. field is the field of
// the request that holds its id.
func (o *order) cancellable(field string) error {
	if o.status == contract.OrderStatusNEW || !o.done() && int(o.filled) < len(o.instruments) {
		return nil
	}
	return conflict(field, "not available for current status %s; "+
		"expected NEW, or PROCESSING with an individual order that is not FILLED", o.status)
}
