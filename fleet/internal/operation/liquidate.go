package operation

import (
	"context"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// keptFor is the time after the first attempt of an item during which the fleet may send
// the item again without a lookup. Upvest documents that it keeps idempotency keys for at
// least 24 hours.
const keptFor = ledger.WithoutLookup(23 * time.Hour)

// Liquidate sells every position of each account in a file.
type Liquidate struct{}

// Name returns the name of the operation in commands.
func (Liquidate) Name() string { return "liquidate" }

// ID returns the operationId in the API.
func (Liquidate) ID() string { return "create_portfolios_liquidation_request" }

// Columns returns the columns of the operation's files.
func (Liquidate) Columns() []string { return []string{"account", "user"} }

// Parse checks the user.
func (Liquidate) Parse(fields []string) error {
	var p problems
	p.expectID("user", fields[0])
	return p.err()
}

// IsSame reports whether two lines name the same user.
func (Liquidate) IsSame(a, b []string) bool { return sameID(a[0], b[0]) }

// WithoutLookup returns 23 hours. Upvest keeps idempotency keys for longer.
func (Liquidate) WithoutLookup() ledger.WithoutLookup { return keptFor }

func (Liquidate) want(item Item) wanted {
	return wanted{
		account: item.Subject,
		user:    mustID(item.Fields[0]),
		kind:    string(portfolios.OrderTypeLIQUIDATION),
	}
}

// Send requests the liquidation (POST /portfolios/{account_id}/liquidation_request).
func (o Liquidate) Send(
	ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption,
) (Sent, error) {
	want := o.want(item)
	order, err := client.Orders.CreateLiquidationRequest(ctx, want.account,
		portfolios.LiquidationRequest{UserID: want.user}, options...)
	if err != nil {
		return Sent{}, err
	}
	return sentOrder(order, want), nil
}

// Look searches for the item's order like the method Look of [CreateOrders]. If it finds
// no order, the verdict is [Unclear], because later versions of the API have no order
// type LIQUIDATION.
func (o Liquidate) Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error) {
	return lookForOrder(ctx, client, item, o.want(item), Unclear)
}

// IsSettled reports whether the given state of an order is final.
func (Liquidate) IsSettled(state string) bool { return isSettledOrder(state) }

// MakesOrders returns true, because each item places an order.
func (Liquidate) MakesOrders() bool { return true }

// Resembles reports whether an order at the server matches a line.
func (o Liquidate) Resembles(line ledger.Line, order Candidate) bool {
	return o.want(Item{Line: line}).contradicts(order) == ""
}
