package ledger

import (
	"context"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// CancelPortfoliosOrder cancels an order immediately.
//
// Sources: "Cancel portfolios order" and the guide: an order that is NEW can always be
// cancelled, and an order that is PROCESSING can be cancelled as far as its individual
// orders allow. On the errors page, a conflict means "not available for current status".
// Choice: an order that is PROCESSING can be cancelled if at least one of its individual
// orders is not FILLED. If such an order has no individual orders, it cannot be
// cancelled.
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

// cancellable refuses an order that can no longer be cancelled. The argument field is the
// name of the request field that holds the id of the order.
func (o *order) cancellable(field string) error {
	if o.status == contract.OrderStatusNEW || !o.done() && int(o.filled) < len(o.instruments) {
		return nil
	}
	return conflict(field, "not available for current status %s; "+
		"expected NEW, or PROCESSING with an individual order that is not FILLED", o.status)
}
