package operation

import (
	"context"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// CreateOrders places one order for each account in a file.
type CreateOrders struct{}

// Name returns the name of the operation in commands.
func (CreateOrders) Name() string { return "create-orders" }

// ID returns the operationId in the API.
func (CreateOrders) ID() string { return "create_portfolios_order" }

// Columns returns the columns of the operation's files.
func (CreateOrders) Columns() []string {
	return []string{"account", "user", "side", "amount", "currency"}
}

// Parse checks the fields after the account against the API's reference.
func (CreateOrders) Parse(fields []string) error {
	var p problems
	side := fields[1]
	p.expectID("user", fields[0])
	p.expectf(side == string(portfolios.SideBUY) || side == string(portfolios.SideSELL),
		"side %s is neither BUY nor SELL", Quote(side))
	p.expectAmount(fields[2])
	p.expectf(fields[3] == string(portfolios.CurrencyEUR), "currency %s is not EUR", Quote(fields[3]))
	return p.err()
}

// IsSame reports whether the fields of two lines are equal. It compares amounts as
// numbers, and ignores the case of digits in ids.
func (CreateOrders) IsSame(a, b []string) bool {
	return sameID(a[0], b[0]) && a[1] == b[1] && sameAmount(a[2], b[2]) && a[3] == b[3]
}

// WithoutLookup returns 23 hours. Upvest keeps idempotency keys for longer.
func (CreateOrders) WithoutLookup() ledger.WithoutLookup { return keptFor }

func (CreateOrders) want(item Item) wanted {
	return wanted{
		account: item.Subject, user: mustID(item.Fields[0]), kind: item.Fields[1], amount: item.Fields[2],
		currency: item.Fields[3],
	}
}

// Send places the order (POST /portfolios/orders).
func (o CreateOrders) Send(
	ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption,
) (Sent, error) {
	want := o.want(item)
	order, err := client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID: want.account, UserID: want.user, Side: portfolios.Side(want.kind),
		CashAmount: api.Decimal(want.amount), Currency: portfolios.Currency(want.currency),
	}, options...)
	if err != nil {
		return Sent{}, err
	}
	return sentOrder(order, want), nil
}

// Look searches for the item's order among the account's orders from the time of the
// item's attempts. If the server returned the id of the order for an earlier attempt,
// Look reads only this order.
func (o CreateOrders) Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error) {
	return lookForOrder(ctx, client, item, o.want(item), None)
}

// IsSettled reports whether the given state of an order is final.
func (CreateOrders) IsSettled(state string) bool { return isSettledOrder(state) }

// MakesOrders returns true, because each item places an order.
func (CreateOrders) MakesOrders() bool { return true }

// Resembles reports whether an order at the server matches a line.
func (o CreateOrders) Resembles(line ledger.Line, order Candidate) bool {
	return o.want(Item{Line: line}).contradicts(order) == ""
}
