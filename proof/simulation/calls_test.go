package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// tenant is what an API client has on the server: the things that calls are about.
type tenant struct {
	random                                *rand.Rand
	client                                uuid.UUID
	account, allocation, order, execution uuid.UUID
	fresh                                 uuid.UUID // an order that is a few minutes old at most
}

// call is one call of a service method, what it was told, and what became of it.
type call struct {
	number    int
	op        *operation
	host      *host
	client    int
	target    target
	key       uuid.UUID // the caller's own
	timeout   time.Duration
	must      bool // succeed, as the server is healthy
	resumes   *call
	process   *process
	goodUntil time.Time // of the token that it has
	started   time.Time
	ended     time.Time // zero while it runs
	err       error
	resource  uuid.UUID

	// With the network's lock:
	sent, unauthorized int
	firstUnauthorized  time.Time
	acted              []uuid.UUID // the resources of its effects
	keys               map[string]bool
	requests           map[string]int
}

// target is what a call is about: it stays the same when the call is taken up again.
type target struct {
	id, user, other uuid.UUID
	weight          api.Decimal
	limit           int32
	ahead           int
	there           map[uuid.UUID]bool // rows that a list must have
}

// verdict is what a caller was told of a write.
type verdict string

const (
	succeeded verdict = "ok"
	failed    verdict = "error" // of a read
	refused   verdict = "refused"
	unknown   verdict = "unknown"
	accepted  verdict = "accepted"
)

func (c *call) verdict() verdict {
	switch {
	case c.err == nil:
		return succeeded
	case !c.op.write:
		return failed
	case errors.Is(c.err, upvest.ErrOutcomeUnknown):
		return unknown
	case errors.Is(c.err, upvest.ErrAccepted):
		return accepted
	}
	return refused
}

// run makes the call.
func (c *call) run() {
	ctx := context.WithValue(c.process.ctx, ofCall{}, c)
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	var options []upvest.CallOption
	if c.key != uuid.Nil && c.op.keyed {
		options = append(options, upvest.WithIdempotencyKey(c.key))
	}
	c.process.network.enter(c.room())
	defer c.process.network.enter(-c.room())
	client := c.process.clients[c.client%len(c.process.clients)]
	c.started = time.Now()
	c.resource, c.err = c.op.do(ctx, client, c.target, options...)
	c.ended = time.Now()
}

// room is how many connections a call may have open.
func (c *call) room() int {
	if c.op.many {
		return 2 + c.target.ahead
	}
	return 1
}

// operation is one that calls can be of: those of the API, and what the client makes of them.
type operation struct {
	id    string
	write bool
	keyed bool
	many  bool // requests for one call
	do    doing
}

const weightLeft = 1000

func mix(first api.Decimal) []portfolios.InstrumentWeight {
	var thousandths int
	_, _ = fmt.Sscanf(string(first), "0.%d", &thousandths)
	second := api.Decimal(fmt.Sprintf("0.%03d", weightLeft-thousandths))
	return []portfolios.InstrumentWeight{
		{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: first},
		{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: second},
	}
}

// doing is how an operation is called. It returns the id of what came back.
type doing = func(ctx context.Context, c *upvest.Client, t target, options ...upvest.CallOption) (uuid.UUID, error)

func idOf[T any](value *T, err error, id func(*T) uuid.UUID) (uuid.UUID, error) {
	if err != nil {
		return uuid.Nil, err
	}
	return id(value), nil
}

func idOfAllocation(a *portfolios.Allocation) uuid.UUID       { return a.ID }
func idOfConfiguration(c *portfolios.Configuration) uuid.UUID { return c.AccountID }
func idOfOrder(o *portfolios.Order) uuid.UUID                 { return o.ID }

var operations = []*operation{
	{id: "list_portfolios_allocations", do: func(ctx context.Context, c *upvest.Client, _ target, o ...upvest.CallOption) (uuid.UUID, error) {
		_, err := c.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{}, o...)
		return uuid.Nil, err
	}},
	{id: "create_portfolios_allocation", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Allocations.Create(ctx, portfolios.AllocationRequest{Name: "Allocation", Allocation: mix(t.weight)}, o...)
		return idOf(value, err, idOfAllocation)
	}},
	{id: "retrieve_portfolios_allocation", do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Allocations.Retrieve(ctx, t.id, o...)
		return idOf(value, err, idOfAllocation)
	}},
	{id: "update_portfolios_allocation", write: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Allocations.Update(ctx, t.id, portfolios.AllocationRequest{Name: "Changed", Allocation: mix(t.weight)}, o...)
		return idOf(value, err, idOfAllocation)
	}},
	{id: "list_portfolios_configurations", do: func(ctx context.Context, c *upvest.Client, _ target, o ...upvest.CallOption) (uuid.UUID, error) {
		_, err := c.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{}, o...)
		return uuid.Nil, err
	}},
	{id: "create_portfolios_configuration", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Configurations.Create(ctx, portfolios.ConfigurationRequest{AccountID: t.id, AllocationID: t.other}, o...)
		return idOf(value, err, idOfConfiguration)
	}},
	{id: "retrieve_portfolios_configuration", do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Configurations.Retrieve(ctx, t.id, o...)
		return idOf(value, err, idOfConfiguration)
	}},
	{id: "update_portfolios_configuration", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Configurations.Update(ctx, t.id, portfolios.ConfigurationUpdate{RebalancingStrategyIDs: []uuid.UUID{t.other}}, o...)
		return idOf(value, err, idOfConfiguration)
	}},
	{id: "list_portfolios_orders", do: func(ctx context.Context, c *upvest.Client, _ target, o ...upvest.CallOption) (uuid.UUID, error) {
		_, err := c.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{}, o...)
		return uuid.Nil, err
	}},
	{id: "create_portfolios_order", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Orders.Create(ctx, orderOf(t), o...)
		return idOf(value, err, idOfOrder)
	}},
	{id: "retrieve_portfolios_order", do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Orders.Retrieve(ctx, t.id, o...)
		return idOf(value, err, idOfOrder)
	}},
	{id: "cancel_portfolios_order", write: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		return t.id, c.Orders.Cancel(ctx, t.id, o...)
	}},
	{id: "create_portfolios_liquidation_request", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Orders.CreateLiquidationRequest(ctx, t.id, portfolios.LiquidationRequest{UserID: t.user}, o...)
		return idOf(value, err, idOfOrder)
	}},
	{id: "trigger_portfolio_rebalancing", write: true, keyed: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{Accounts: []uuid.UUID{t.id}}, o...)
		return idOf(value, err, func(r *portfolios.Rebalancing) uuid.UUID { return r.ID })
	}},
	{id: "retrieve_portfolios_rebalancing_execution", do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		value, err := c.Rebalancings.RetrieveExecution(ctx, t.id, o...)
		return idOf(value, err, func(e *portfolios.RebalancingExecution) uuid.UUID { return e.ID })
	}},
	{id: "Allocations.All", many: true, do: func(ctx context.Context, c *upvest.Client, t target, _ ...upvest.CallOption) (uuid.UUID, error) {
		params := portfolios.ListPortfoliosAllocationsParams{Limit: &t.limit}
		return uuid.Nil, readAll(t, c.Allocations.All(ctx, params, upvest.WithPagesAhead(t.ahead)), idOfAllocation)
	}},
	{id: "Configurations.All", many: true, do: func(ctx context.Context, c *upvest.Client, t target, _ ...upvest.CallOption) (uuid.UUID, error) {
		params := portfolios.ListPortfoliosConfigurationsParams{Limit: &t.limit}
		return uuid.Nil, readAll(t, c.Configurations.All(ctx, params, upvest.WithPagesAhead(t.ahead)), idOfConfiguration)
	}},
	{id: "Orders.All", many: true, do: func(ctx context.Context, c *upvest.Client, t target, _ ...upvest.CallOption) (uuid.UUID, error) {
		params := portfolios.ListPortfoliosOrdersParams{Limit: &t.limit}
		return uuid.Nil, readAll(t, c.Orders.All(ctx, params, upvest.WithPagesAhead(t.ahead)), idOfOrder)
	}},
	{id: "Orders.Wait", many: true, do: func(ctx context.Context, c *upvest.Client, t target, o ...upvest.CallOption) (uuid.UUID, error) {
		order, err := c.Orders.Wait(ctx, t.id, nil, o...)
		if err == nil && !upvest.IsDone(order) {
			err = fmt.Errorf("%w: the order is not done", errLied)
		}
		return idOf(order, err, idOfOrder)
	}},
}

func orderOf(t target) portfolios.OrderRequest {
	return portfolios.OrderRequest{UserID: t.user, AccountID: t.id, CashAmount: "100.00", Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY}
}

// errLied is the error of a call that said something that is not true.
var errLied = errors.New("the client lied")

// readAll reads a list to its end. Rows that were there before are in it exactly once.
func readAll[T any](t target, rows iter.Seq2[T, error], id func(*T) uuid.UUID) error {
	seen := map[uuid.UUID]bool{}
	for row, err := range rows {
		switch {
		case err != nil:
			return err
		case seen[id(&row)]:
			return fmt.Errorf("%w: the list has a row twice", errLied)
		}
		seen[id(&row)] = true
	}
	for row := range t.there {
		if !seen[row] {
			return fmt.Errorf("%w: the list of %d rows lacks one of %d that were there before", errLied, len(seen), len(t.there))
		}
	}
	return nil
}

func operationNamed(id string) *operation {
	at := slices.IndexFunc(operations, func(op *operation) bool { return op.id == id })
	return operations[at]
}

// aim chooses what a call is about. It is asked in the order of the plan, by one goroutine.
func (t *tenant) aim(op *operation, random *rand.Rand) target {
	aimed := target{
		user: newID(random), other: newID(random), weight: api.Decimal(fmt.Sprintf("0.%03d", 1+random.IntN(weightLeft-1))),
		limit: int32(5 + random.IntN(60)), ahead: random.IntN(4), id: t.account,
	}
	switch op.id {
	case "retrieve_portfolios_allocation":
		aimed.id = t.allocation
	case "create_portfolios_configuration":
		aimed.id, aimed.other = newID(random), t.allocation
	case "retrieve_portfolios_order":
		aimed.id = t.order
	case "retrieve_portfolios_rebalancing_execution":
		aimed.id = t.execution
	case "Orders.Wait":
		aimed.id = t.fresh
	}
	return aimed
}
