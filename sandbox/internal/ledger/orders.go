package ledger

import (
	"container/heap"
	"context"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// order is kept small: there can be a million of them.
type order struct {
	id         uuid.UUID
	account    *account
	allocation *allocation // nil for a liquidation
	mix        *mix
	userID     uuid.UUID // zero for none
	kind       contract.OrderType
	cash       string
	previous   *order // of the account

	created, updated time.Time
	status           contract.OrderStatus

	// The individual orders, once it is PROCESSING: sales first, then purchases, and so many of them are filled.
	instruments   []string
	amounts       []*big.Int // nil when it is done
	pot           *big.Int   // cash that a rebalancing has to spend and that a liquidation pays out, until it is done
	sales, filled int32

	placed  uint32 // position among all orders of the ledger
	postTax bool
	settles bool // FILLED is not its end
}

func (o *order) key() *uuid.UUID { return &o.id }

// done reports whether the order has come to its end.
func (o *order) done() bool {
	return o.status == contract.OrderStatusFILLED && !o.settles || o.status == orderSettled || o.status == contract.OrderStatusCANCELLED
}

// show returns the order as of the time that its account has been advanced to.
//
// Choice: an individual order has the id that follows from the order and the instrument, so it does not matter who looked first.
func (o *order) show() contract.Order {
	kind := o.kind
	shown := contract.Order{
		ID: o.id, CreatedAt: o.created, UpdatedAt: o.updated, AccountID: o.account.id, CashAmount: o.cash, Currency: contract.CurrencyEUR,
		Status: o.status, Type: &kind, PostTax: o.postTax, Orders: make([]contract.IndividualOrder, len(o.instruments)),
	}
	if userID := o.userID; userID != uuid.Nil {
		shown.UserID = &userID
	}
	if o.allocation != nil {
		id := o.allocation.id
		shown.AllocationID = &id
	}
	for i, instrument := range o.instruments {
		shown.Orders[i] = contract.IndividualOrder{ID: uuid.NewSHA1(o.id, []byte(instrument)), Side: o.side(i), Status: o.partStatus(i)}
	}
	return shown
}

// side is the side of the individual order i.
func (o *order) side(i int) contract.Side {
	if i < int(o.sales) {
		return contract.SideSELL
	}
	return contract.SideBUY
}

// partStatus is the status of the individual order i.
//
// Choice: the one that fills next is PROCESSING, those behind it are NEW.
func (o *order) partStatus(i int) contract.IndividualOrderStatus {
	switch {
	case i < int(o.filled):
		return contract.IndividualOrderStatusFILLED
	case o.status == contract.OrderStatusCANCELLED:
		return contract.IndividualOrderStatusCANCELLED
	case i == int(o.filled):
		return contract.IndividualOrderStatusPROCESSING
	default:
		return contract.IndividualOrderStatusNEW
	}
}

// place takes an order on. It is NEW and has no individual orders, whatever the delay: nothing of it is due before the next look.
func (l *Ledger) place(c *client, now time.Time, o *order) {
	l.advance(o.account, now) // or the work would pile up for an account that nobody looks at
	l.placed++
	o.id, o.placed = l.options.NewID(), l.placed
	o.created, o.updated, o.status, o.settles = now, now, contract.OrderStatusNEW, l.options.Settles
	o.account.due = append(o.account.due, step{o.next(l.options.OrderDelay), o})
	heap.Fix(&o.account.due, len(o.account.due)-1)
	c.orders.insert(o)
	o.account.keep(o)
}

// CreatePortfoliosOrder places an order to buy into or sell out of a portfolio.
//
// Source: "Create portfolios order", and the guide: an order takes the allocation of the account's configuration.
// Choices: an account without a configuration is 422, as later versions of the API answer for an account in the wrong state; the
// order keeps the weights that the allocation has now; the answer shows the order as NEW.
func (l *Ledger) CreatePortfoliosOrder(
	ctx context.Context, request contract.CreatePortfoliosOrderRequestObject,
) (contract.CreatePortfoliosOrderResponseObject, error) {
	body := request.Body
	if body == nil {
		return nil, errNoBody()
	}
	placed, err := readOrder(body)
	if err != nil {
		return nil, err
	}
	if err := l.checkOwner(body.AccountID, body.UserID); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	found, err := c.configuration(body.AccountID)
	if err != nil {
		return nil, unprocessable("account_id",
			"the account %s has no configuration; expected an account that follows an allocation", body.AccountID)
	}
	placed.follow(found)
	l.place(c, now, placed)
	l.effects.add(now, c.id, "create_portfolios_order", placed.id, placed.account.id)
	return contract.CreatePortfoliosOrder200JSONResponse{Body: placed.show()}, nil
}

// follow gives the order the account and the allocation of a configuration.
func (o *order) follow(c *configuration) {
	o.account, o.allocation, o.mix = c.account, c.allocation, c.allocation.mix
}

// readOrder checks what an order says of itself.
func readOrder(body *contract.OrderRequest) (*order, error) {
	if _, err := api.NewAmount(body.CashAmount); err != nil {
		return nil, invalid("cash_amount", "%v", err)
	}
	if strings.Trim(body.CashAmount, "0.") == "" {
		return nil, invalid("cash_amount", "expected an amount above 0, got %s", body.CashAmount)
	}
	if body.Currency != contract.CurrencyEUR {
		return nil, invalid("currency", "expected EUR")
	}
	if body.Side != contract.SideBUY && body.Side != contract.SideSELL {
		return nil, invalid("side", "expected BUY or SELL")
	}
	return &order{
		userID: body.UserID, kind: contract.OrderType(body.Side), cash: body.CashAmount, postTax: body.PostTax != nil && *body.PostTax,
	}, nil
}

// order returns one order of the client as of now.
func (l *Ledger) order(c *client, id uuid.UUID, now time.Time) (*order, error) {
	o := c.orders.get(id)
	if o == nil {
		return nil, notFound("portfolio_order_id", "there is no order %s; expected the id of an order of this client", id)
	}
	l.advance(o.account, now)
	return o, nil
}

// RetrievePortfoliosOrder returns one order as of now.
func (l *Ledger) RetrievePortfoliosOrder(
	ctx context.Context, request contract.RetrievePortfoliosOrderRequestObject,
) (contract.RetrievePortfoliosOrderResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := l.order(c, request.PortfolioOrderID, now)
	if err != nil {
		return nil, err
	}
	return contract.RetrievePortfoliosOrder200JSONResponse{Body: o.show()}, nil
}

// CancelPortfoliosOrder cancels an order at once.
//
// Source: "Cancel portfolios order" and the guide: always while NEW, while PROCESSING as far as the individual orders allow; the
// errors page: conflict is "not available for current status".
// Choice: while PROCESSING it takes an individual order that is not FILLED, so an order without any cannot be cancelled then.
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
	o.cancel(now)
	l.effects.add(now, c.id, "cancel_portfolios_order", o.id, o.account.id)
	return contract.CancelPortfoliosOrder204Response{}, nil
}

// cancellable refuses to cancel an order of which nothing is left to cancel; field is its id in the request.
func (o *order) cancellable(field string) error {
	if o.status != contract.OrderStatusNEW && (o.done() || int(o.filled) == len(o.instruments)) {
		return conflict(field, "not available for current status %s; expected NEW, or PROCESSING with an individual order that is not FILLED", o.status)
	}
	return nil
}

// ListPortfoliosOrders returns a page of orders as of now, sorted by id.
func (l *Ledger) ListPortfoliosOrders(
	ctx context.Context, request contract.ListPortfoliosOrdersRequestObject,
) (contract.ListPortfoliosOrdersResponseObject, error) {
	params := request.Params
	list, err := readListing("id", params.Sort, params.Order, params.Offset, params.Limit, params.StartDate, params.EndDate)
	if err != nil {
		return nil, err
	}
	filters := createdBetween(list, func(o *order) time.Time { return o.created })
	if params.AllocationID != nil {
		id := *params.AllocationID
		filters = append(filters, func(o *order) bool { return o.allocation != nil && o.allocation.id == id })
	}
	l.mu.Lock()
	c, now := l.enter(ctx)
	orders := c.orders
	if params.AccountID != nil {
		orders = c.accounts[*params.AccountID].indexed()
	}
	l.mu.Unlock()
	found, meta := paginate(l, list, orders, filters)
	return page[order, contract.Order]{l, found, meta, func(o *order) contract.Order {
		l.advance(o.account, now)
		return o.show()
	}}, nil
}
