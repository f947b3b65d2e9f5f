package ledger

import (
	"container/heap"
	"context"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

type order struct {
	id           uuid.UUID
	placed       uint64 // position among all orders of the ledger
	delay        time.Duration
	account      *account
	accountID    uuid.UUID
	userID       *uuid.UUID
	allocationID *uuid.UUID
	mix          *mix
	kind         contract.OrderType
	cash         string
	amount       *big.Int
	postTax      bool

	created, updated time.Time
	status           contract.OrderStatus
	next             time.Time // of the next transition, unless done
	parts            []part
	filled           int // so many of the parts, from the first one on
}

// done reports whether the order has come to its end.
func (o *order) done() bool {
	return o.status == contract.OrderStatusFILLED || o.status == contract.OrderStatusCANCELLED
}

// show returns the order as of the time that its account has been advanced to.
//
// Choice: an individual order has the id that follows from the order and the instrument, so it does not matter who looked first.
func (o *order) show() contract.Order {
	kind := o.kind
	shown := contract.Order{
		ID: o.id, CreatedAt: o.created, UpdatedAt: o.updated, UserID: o.userID, AccountID: o.accountID, AllocationID: o.allocationID,
		CashAmount: o.cash, Currency: contract.CurrencyEUR, Status: o.status, Type: &kind, PostTax: o.postTax,
		Orders: make([]contract.IndividualOrder, len(o.parts)),
	}
	for i, p := range o.parts {
		shown.Orders[i] = contract.IndividualOrder{ID: uuid.NewSHA1(o.id, []byte(p.instrument)), Side: p.side, Status: o.partStatus(i)}
	}
	return shown
}

// partStatus is the status of the individual order i.
//
// Choice: the one that fills next is PROCESSING, those behind it are NEW.
func (o *order) partStatus(i int) contract.IndividualOrderStatus {
	switch {
	case i < o.filled:
		return contract.IndividualOrderStatusFILLED
	case o.status == contract.OrderStatusCANCELLED:
		return contract.IndividualOrderStatusCANCELLED
	case i == o.filled:
		return contract.IndividualOrderStatusPROCESSING
	default:
		return contract.IndividualOrderStatusNEW
	}
}

// place takes an order on. It is NEW and has no individual orders, whatever the delay: nothing of it is due before the next look.
func (l *Ledger) place(c *client, now time.Time, o *order) {
	o.account.advance(now) // or the work would pile up for an account that nobody looks at
	l.placed++
	o.id, o.placed, o.delay = l.options.NewID(), l.placed, l.options.OrderDelay
	o.created, o.updated, o.next = now, now, now.Add(o.delay)
	o.status = contract.OrderStatusNEW
	c.accounts[o.accountID] = o.account
	heap.Push(&o.account.due, o)
	byID := func(o *order) uuid.UUID { return o.id }
	o.account.orders = insert(o.account.orders, o, byID)
	c.ordersByID = insert(c.ordersByID, o, byID)
	c.orders[o.id] = o
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
	if err := c.follow(placed); err != nil {
		return nil, err
	}
	l.place(c, now, placed)
	l.effects.add(now, c.id, "create_portfolios_order", placed.id)
	return contract.CreatePortfoliosOrder200JSONResponse{Body: placed.show()}, nil
}

// follow gives the order the account's state and the allocation of its configuration.
func (c *client) follow(o *order) error {
	found := c.configurations[o.accountID]
	if found == nil {
		return unprocessable("account_id", "the account %s has no configuration; expected an account that follows an allocation", o.accountID)
	}
	allocationID := found.allocation.id
	o.account, o.allocationID, o.mix = c.account(o.accountID), &allocationID, found.allocation.mix
	return nil
}

// readOrder checks what an order says of itself.
func readOrder(body *contract.OrderRequest) (*order, error) {
	if _, err := api.NewAmount(body.CashAmount); err != nil {
		return nil, invalid("cash_amount", "%v", err)
	}
	amount := scaled(body.CashAmount, amountDecimals)
	if amount.Sign() == 0 {
		return nil, invalid("cash_amount", "expected an amount above 0, got %s", body.CashAmount)
	}
	if body.Currency != contract.CurrencyEUR {
		return nil, invalid("currency", "expected EUR")
	}
	if body.Side != contract.SideBUY && body.Side != contract.SideSELL {
		return nil, invalid("side", "expected BUY or SELL")
	}
	userID := body.UserID
	return &order{
		accountID: body.AccountID, userID: &userID, kind: contract.OrderType(body.Side), cash: body.CashAmount, amount: amount,
		postTax: body.PostTax != nil && *body.PostTax,
	}, nil
}

// order returns one order of the client as of now.
func (c *client) order(id uuid.UUID, now time.Time) (*order, error) {
	o := c.orders[id]
	if o == nil {
		return nil, notFound("portfolio_order_id", "there is no order %s; expected the id of an order of this client", id)
	}
	o.account.advance(now)
	return o, nil
}

// RetrievePortfoliosOrder returns one order as of now.
func (l *Ledger) RetrievePortfoliosOrder(
	ctx context.Context, request contract.RetrievePortfoliosOrderRequestObject,
) (contract.RetrievePortfoliosOrderResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := c.order(request.PortfolioOrderID, now)
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
	o, err := c.order(request.PortfolioOrderID, now)
	if err != nil {
		return nil, err
	}
	if o.status != contract.OrderStatusNEW && (o.done() || o.filled == len(o.parts)) {
		return nil, conflict("portfolio_order_id",
			"not available for current status %s; expected NEW, or PROCESSING with an individual order that is not FILLED", o.status)
	}
	o.cancel(now)
	l.effects.add(now, c.id, "cancel_portfolios_order", o.id)
	return contract.CancelPortfoliosOrder204Response{}, nil
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
		filters = append(filters, func(o *order) bool { return o.allocationID != nil && *o.allocationID == id })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	orders := c.ordersByID
	if params.AccountID != nil {
		orders = c.account(*params.AccountID).orders
	}
	page, meta := paginate(list, orders, filters)
	data := make([]contract.Order, len(page))
	for i, o := range page {
		o.account.advance(now)
		data[i] = o.show()
	}
	return contract.ListPortfoliosOrders200JSONResponse{Body: contract.OrderList{Data: data, Meta: meta}}, nil
}
