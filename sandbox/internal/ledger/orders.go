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
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// orderSettled is the status that follows FILLED in later versions of the API.
const orderSettled contract.OrderStatus = "SETTLED"

// order has few and small fields, because there can be a million orders.
type order struct {
	id         uuid.UUID
	account    *account
	allocation *allocation // nil for a liquidation
	mix        *mix
	userID     uuid.UUID // zero if the order names no user
	kind       contract.OrderType
	cash       string
	previous   *order // the account's next older order

	created, updated time.Time
	status           contract.OrderStatus

	// The next five fields describe the individual orders once the order is PROCESSING.
	// Sales come before purchases. The first `filled` individual orders are FILLED.
	instruments   []string
	amounts       []*big.Int // nil after the order has ended
	pot           *big.Int   // cash to spend or to pay out, until the order ends
	sales, filled int32

	placed  uint32 // position among all orders of the ledger
	postTax bool
	settles bool // whether SETTLED follows FILLED

	extra *extra // nil for most orders
}

// extra has the fields that few orders need.
type extra struct {
	flow   later.InitiationFlow     // "" means API
	reason later.CancellationReason // "" for an order that is not cancelled
	// executions has the planned number of executions of each individual order. It is nil
	// if each individual order has one execution. executed counts the finished executions
	// of the first individual order that is not FILLED.
	executions []int
	executed   int
}

// extras returns the extra of the order, and creates it if necessary.
func (o *order) extras() *extra {
	if o.extra == nil {
		o.extra = &extra{}
	}
	return o.extra
}

func (o *order) key() *uuid.UUID { return &o.id }

// done reports whether the status of the order is final.
func (o *order) done() bool {
	switch o.status {
	case contract.OrderStatusCANCELLED, orderSettled:
		return true
	case contract.OrderStatusFILLED:
		return !o.settles
	default:
		return false
	}
}

// show returns the order in the state to which [Ledger.advance] has brought it.
//
// Choice: the id of an individual order is derived from the order's id and the
// instrument, so it does not depend on which request is the first to read the individual
// order.
func (o *order) show() contract.Order {
	kind := o.kind
	shown := contract.Order{
		ID:         o.id,
		CreatedAt:  o.created,
		UpdatedAt:  o.updated,
		AccountID:  o.account.id,
		CashAmount: o.cash,
		Currency:   contract.CurrencyEUR,
		Status:     o.status,
		Type:       &kind,
		PostTax:    o.postTax,
		Orders:     make([]contract.IndividualOrder, len(o.instruments)),
	}
	if o.userID != uuid.Nil {
		userID := o.userID
		shown.UserID = &userID
	}
	if o.allocation != nil {
		id := o.allocation.id
		shown.AllocationID = &id
	}
	for i, instrument := range o.instruments {
		shown.Orders[i] = contract.IndividualOrder{
			ID: uuid.NewSHA1(o.id, []byte(instrument)), Side: o.side(i), Status: o.partStatus(i),
		}
	}
	return shown
}

// side returns the side of the individual order i.
func (o *order) side(i int) contract.Side {
	if i < int(o.sales) {
		return contract.SideSELL
	}
	return contract.SideBUY
}

// partStatus returns the status of the individual order i.
//
// Choice: the individual order that fills next is PROCESSING, and the individual orders
// after it are NEW.
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

// place adds an order. The order is NEW and has no individual orders, even if the delay
// is zero: its first transition is applied when the order is read.
func (l *Ledger) place(c *client, now time.Time, o *order) {
	// Without this call, due transitions would accumulate in an account that is never
	// read.
	l.advance(o.account, now)
	l.placed++
	o.id = l.newID()
	o.placed = l.placed
	o.created = now
	o.updated = now
	o.status = contract.OrderStatusNEW
	o.settles = l.options.Settles
	o.account.due = append(o.account.due, step{at: o.next(l.options.OrderDelay), order: o})
	heap.Fix(&o.account.due, len(o.account.due)-1)
	c.orders.insert(o)
	o.account.keep(o)
}

// CreatePortfoliosOrder places an order to buy into or sell out of a portfolio.
//
// Source: "Create portfolios order", and the guide: an order uses the allocation of the
// account's configuration. Choices: an account without a configuration is refused with
// 422, which later versions of the API return for an account in the wrong state. The
// order keeps the current weights of the allocation. The response shows the order as NEW.
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
			"the account %s has no configuration; expected an account that follows an allocation",
			body.AccountID)
	}
	placed.follow(found)
	l.place(c, now, placed)
	l.record(ctx, now, placed.id, placed.account.id)
	if l.options.Settles {
		return laterOrder{placed.showLater()}, nil
	}
	return contract.CreatePortfoliosOrder200JSONResponse{Body: placed.show()}, nil
}

// follow sets the account, the allocation and the mix of the order from a configuration.
func (o *order) follow(c *configuration) {
	o.account = c.account
	o.allocation = c.allocation
	o.mix = c.allocation.mix
}

// readOrder checks a request, and returns its order, still without account and
// allocation.
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
		userID:  body.UserID,
		kind:    contract.OrderType(body.Side),
		cash:    body.CashAmount,
		postTax: body.PostTax != nil && *body.PostTax,
	}, nil
}

// order returns one order of the client in its current state.
func (l *Ledger) order(c *client, id uuid.UUID, now time.Time) (*order, error) {
	o := c.orders.get(id)
	if o == nil {
		return nil, notFound("portfolio_order_id",
			"there is no order %s; expected the id of an order of this client", id)
	}
	l.advance(o.account, now)
	return o, nil
}

// RetrievePortfoliosOrder returns one order in its current state.
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
	touch(ctx, o.account.id)
	if l.options.Settles {
		return laterOrder{o.showLater()}, nil
	}
	return contract.RetrievePortfoliosOrder200JSONResponse{Body: o.show()}, nil
}

// ordersOf returns the orders of an account, and the current time.
func (l *Ledger) ordersOf(ctx context.Context, accountID uuid.UUID) (index[order], time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	return c.accounts[accountID].indexed(), now
}

// ListPortfoliosOrders returns a page of orders in their current state, sorted by id.
func (l *Ledger) ListPortfoliosOrders(
	ctx context.Context, request contract.ListPortfoliosOrdersRequestObject,
) (contract.ListPortfoliosOrdersResponseObject, error) {
	params := request.Params
	list, err := newListing("id", params.Sort, params.Order).
		page(params.Offset, params.Limit).
		between(params.StartDate, params.EndDate).
		checked()
	if err != nil {
		return nil, err
	}
	filters := createdBetween(list, func(o *order) time.Time { return o.created })
	if params.AllocationID != nil {
		id := *params.AllocationID
		filters = append(filters, func(o *order) bool { return o.allocation != nil && o.allocation.id == id })
	}
	c, now := l.look(ctx)
	orders := c.orders
	if params.AccountID != nil {
		orders, now = l.ordersOf(ctx, *params.AccountID)
	}
	found, meta := paginate(l, list, orders, filters)
	show := func(o *order) any {
		l.advance(o.account, now)
		if l.options.Settles {
			return o.showLater()
		}
		return o.show()
	}
	return page[order, any]{ledger: l, items: found, meta: meta, show: show}, nil
}
