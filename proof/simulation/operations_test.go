package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// operation is an operation of the API, or a method of the client that sends several
// requests.
type operation struct {
	id    string
	write bool
	keyed bool
	many  bool // one call sends many requests
	do    callFunc
}

// callFunc is a function that calls an operation and returns the id of the resource in
// the response.
type callFunc func(
	ctx context.Context, client *upvest.Client, about target, options ...upvest.CallOption,
) (uuid.UUID, error)

// allOperations are the operations of the API, followed by the methods of the client that
// send several requests.
var allOperations = slices.Concat(apiOperations(), []*operation{
	{id: "Allocations.All", many: true, do: allAllocations},
	{id: "Configurations.All", many: true, do: allConfigurations},
	{id: "Orders.All", many: true, do: allOrders},
	{id: "Orders.Wait", many: true, do: waitForOrder},
})

func apiOperations() []*operation {
	var list []*operation
	for _, op := range operations.All() {
		list = append(list, &operation{
			id: op.ID, write: op.IsWrite(), keyed: op.IsKeyed(),
			do: func(
				ctx context.Context, client *upvest.Client, about target, options ...upvest.CallOption,
			) (uuid.UUID, error) {
				return op.Call(ctx, client, about.Subject, options...)
			},
		})
	}
	return list
}

func operationNamed(id string) *operation {
	at := slices.IndexFunc(allOperations, func(op *operation) bool { return op.id == id })
	return allOperations[at]
}

func allAllocations(
	ctx context.Context, client *upvest.Client, about target, _ ...upvest.CallOption,
) (uuid.UUID, error) {
	params := portfolios.ListPortfoliosAllocationsParams{Limit: &about.limit}
	rows := client.Allocations.All(ctx, params, upvest.WithPagesAhead(about.ahead))
	return uuid.Nil, readAll(about, rows, func(a *portfolios.Allocation) uuid.UUID { return a.ID })
}

func allConfigurations(
	ctx context.Context, client *upvest.Client, about target, _ ...upvest.CallOption,
) (uuid.UUID, error) {
	params := portfolios.ListPortfoliosConfigurationsParams{Limit: &about.limit}
	rows := client.Configurations.All(ctx, params, upvest.WithPagesAhead(about.ahead))
	return uuid.Nil, readAll(about, rows,
		func(c *portfolios.Configuration) uuid.UUID { return c.AccountID })
}

func allOrders(
	ctx context.Context, client *upvest.Client, about target, _ ...upvest.CallOption,
) (uuid.UUID, error) {
	params := portfolios.ListPortfoliosOrdersParams{Limit: &about.limit}
	rows := client.Orders.All(ctx, params, upvest.WithPagesAhead(about.ahead))
	return uuid.Nil, readAll(about, rows, func(o *portfolios.Order) uuid.UUID { return o.ID })
}

func waitForOrder(
	ctx context.Context, client *upvest.Client, about target, options ...upvest.CallOption,
) (uuid.UUID, error) {
	order, err := client.Orders.Wait(ctx, about.Order, nil, options...)
	if err != nil {
		return uuid.Nil, err
	}
	if !upvest.IsDone(order) {
		return order.ID, fmt.Errorf("%w: the order is not done", errUntrue)
	}
	return order.ID, nil
}

// errUntrue is the error of a call that reported a false result.
var errUntrue = errors.New("the client reported a false result")

// readAll reads a list to its end. The list must contain each row at most once, and every
// row that existed before the call.
func readAll[T any](about target, rows iter.Seq2[T, error], id func(*T) uuid.UUID) error {
	seen := map[uuid.UUID]bool{}
	for row, err := range rows {
		switch {
		case err != nil:
			return err
		case seen[id(&row)]:
			return fmt.Errorf("%w: the list contains a row twice", errUntrue)
		}
		seen[id(&row)] = true
	}
	for row := range about.existing {
		if !seen[row] {
			return fmt.Errorf("%w: the list has %d rows, but lacks one of the %d rows that existed "+
				"before the call", errUntrue, len(seen), len(about.existing))
		}
	}
	return nil
}

// tenant contains the resources that an API client uses on the server.
type tenant struct {
	client     uuid.UUID
	account    uuid.UUID
	allocation uuid.UUID
	order      uuid.UUID
	execution  uuid.UUID
}

// target contains the resources that a call uses. A call that resumes another call has
// the same target.
type target struct {
	operations.Subject
	limit    int32
	ahead    int
	existing map[uuid.UUID]bool // rows that a list must contain
}

// aim chooses the target of a call. Only one goroutine calls aim, in the order of the
// plan.
func (t *tenant) aim(op *operation, random *rand.Rand) target {
	aimed := target{
		Subject: operations.Subject{
			Account: t.account, Allocation: t.allocation, Order: t.order, Execution: t.execution,
			User: newID(random), Strategy: newID(random), Weights: weights(1 + random.IntN(999)),
		},
		limit: int32(5 + random.IntN(60)),
		ahead: random.IntN(4),
	}
	if op.id == "create_portfolios_configuration" {
		aimed.NewAccount = newID(random)
	}
	return aimed
}

// weights returns two weights that sum to 1.
func weights(thousandths int) operations.Weights {
	return operations.Weights{
		api.Decimal(fmt.Sprintf("0.%03d", thousandths)),
		api.Decimal(fmt.Sprintf("0.%03d", 1000-thousandths)),
	}
}
