package operation

import (
	"context"
	"errors"
	"fmt"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// CancelOrders cancels each order in a file.
type CancelOrders struct{}

// Name returns the name of the operation in commands.
func (CancelOrders) Name() string { return "cancel-orders" }

// ID returns the operationId in the API.
func (CancelOrders) ID() string { return "cancel_portfolios_order" }

// Columns returns the columns of the operation's files.
func (CancelOrders) Columns() []string { return []string{"order"} }

// Parse returns nil, because a line has no field after the order.
func (CancelOrders) Parse([]string) error { return nil }

// IsSame returns true, because two lines with the same order have no other field in which
// they could differ.
func (CancelOrders) IsSame(_, _ []string) bool { return true }

// WithoutLookup permits no further attempt without a lookup after an attempt that may
// have acted, because a DELETE has no idempotency key.
func (CancelOrders) WithoutLookup() ledger.WithoutLookup { return ledger.Once }

// Send requests the cancellation (DELETE /portfolios/orders/{portfolio_order_id}). The
// server responds before it cancels the order.
func (CancelOrders) Send(
	ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption,
) (Sent, error) {
	return Sent{}, client.Orders.Cancel(ctx, item.Subject, options...)
}

// Look reads the order that the item cancels.
func (CancelOrders) Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error) {
	var response upvest.Response
	order, err := client.Orders.Retrieve(ctx, item.Subject, upvest.WithResponse(&response))
	finding := Finding{Date: DateOf(&response)}
	if errors.Is(err, upvest.ErrNotFound) && IsDefinite(err) {
		finding.Verdict = Refused
		finding.Detail = "the server does not have the order"
		return finding, nil
	}
	if err != nil {
		return Finding{}, fmt.Errorf("look at the order: %w", err)
	}
	finding.State = string(order.Status)
	switch {
	case order.Status == portfolios.OrderStatusCANCELLED:
		finding.Verdict = One
	case isSettledOrder(finding.State):
		finding.Verdict = Refused
		finding.Detail = fmt.Sprintf("the order is %s", order.Status)
	default:
		finding.Verdict = None
	}
	return finding, nil
}

// IsSettled reports whether the given state of an order is final.
func (CancelOrders) IsSettled(state string) bool { return isSettledOrder(state) }

// MakesOrders returns false, because the item cancels an order instead of placing one.
func (CancelOrders) MakesOrders() bool { return false }
