package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// orderTimeout is how long the tour waits for an order to be filled or cancelled.
const orderTimeout = time.Minute

// tour calls all operations for one portfolio, starting with the creation of the
// allocation and ending with the liquidation.
type tour struct {
	*timeline
	client        *upvest.Client
	account, user uuid.UUID

	allocation *portfolios.Allocation
}

func (t *tour) run(ctx context.Context) error {
	for _, part := range []struct {
		title string
		run   func(context.Context) error
	}{
		{title: "Set up a portfolio", run: t.setUp},
		{title: "Invest money", run: t.invest},
		{title: "Change the target", run: t.rebalance},
		{title: "Cancel an order", run: t.cancel},
		{title: "List allocations, configurations and orders", run: t.list},
		{title: "Send an invalid request", run: t.mistake},
		{title: "Sell everything", run: t.liquidate},
	} {
		t.title(part.title)
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(part.title), err)
		}
	}
	return nil
}

func (t *tour) setUp(ctx context.Context) (err error) {
	t.allocation, err = t.client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Name:       "World and fruit",
		Allocation: mix("0.7", "0.3"),
	})
	if err != nil {
		return err
	}
	t.didf("%s", describeMix(t.allocation))

	t.allocation, err = t.client.Allocations.Retrieve(ctx, t.allocation.ID)
	if err != nil {
		return err
	}
	t.didf("stored as %s", t.allocation.ID)

	configuration, err := t.client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID:              t.account,
		AllocationID:           t.allocation.ID,
		RebalancingStrategyIDs: []uuid.UUID{uuid.New()},
	})
	if err != nil {
		return err
	}
	t.didf("account %s follows the allocation", configuration.AccountID)

	_, err = t.client.Configurations.Update(ctx, t.account, portfolios.ConfigurationUpdate{
		RebalancingStrategyIDs: []uuid.UUID{},
	})
	if err != nil {
		return err
	}
	t.didf("the account no longer has rebalancing strategies")

	configuration, err = t.client.Configurations.Retrieve(ctx, t.account)
	if err != nil {
		return err
	}
	t.didf("%d rebalancing strategies", len(configuration.RebalancingStrategyIDs))
	return nil
}

func (t *tour) invest(ctx context.Context) error {
	order, err := t.place(ctx, portfolios.SideBUY, "1000.00")
	if err != nil {
		return err
	}
	return t.untilDone(ctx, order.ID)
}

func (t *tour) rebalance(ctx context.Context) (err error) {
	t.allocation, err = t.client.Allocations.Update(ctx, t.allocation.ID, portfolios.AllocationRequest{
		Allocation: mix("0.6", "0.4"),
	})
	if err != nil {
		return err
	}
	t.didf("%s; nothing is traded yet", describeMix(t.allocation))

	triggered, err := t.client.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{
		Accounts: []uuid.UUID{t.account},
	})
	if err != nil {
		return err
	}
	t.didf("a rebalancing to the new weights is triggered")

	execution, err := t.client.Rebalancings.RetrieveExecution(ctx, triggered.ID)
	if err != nil {
		return err
	}
	t.didf("the rebalancing covers %d account", len(execution.Accounts))
	return nil
}

func (t *tour) cancel(ctx context.Context) error {
	order, err := t.place(ctx, portfolios.SideBUY, "250")
	if err != nil {
		return err
	}
	if err := t.client.Orders.Cancel(ctx, order.ID); err != nil {
		return err
	}
	t.didf("the cancellation is accepted and takes effect later")
	return t.untilDone(ctx, order.ID)
}

func (t *tour) list(ctx context.Context) error {
	allocations, err := t.client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		return err
	}
	t.didf("%d allocations on the first page", len(allocations.Data))

	configurations, err := t.client.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{
		AllocationID: &t.allocation.ID,
	})
	if err != nil {
		return err
	}
	t.didf("%d accounts follow the allocation", len(configurations.Data))

	orders, err := t.client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &t.account})
	if err != nil {
		return err
	}
	t.didf("%s", describeOrders(orders.Data))
	return nil
}

func (t *tour) mistake(ctx context.Context) error {
	_, err := t.client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Name:       "Too much",
		Allocation: mix("0.7", "0.7"),
	})
	return t.refused(err)
}

func (t *tour) liquidate(ctx context.Context) error {
	order, err := t.client.Orders.CreateLiquidationRequest(ctx, t.account, portfolios.LiquidationRequest{
		UserID: t.user,
	})
	if errors.Is(err, upvest.ErrNotFound) || errors.Is(err, upvest.ErrMethodNotAllowed) {
		return t.refused(err) // later versions of the API moved this operation
	}
	if err != nil {
		return err
	}
	t.didf("%s", describeOrder(order))
	return t.untilDone(ctx, order.ID)
}

// place places an order with an idempotency key that is derived from the order's purpose.
// If place is called again with the same arguments within 24 hours, it therefore does not
// place a second order.
func (t *tour) place(ctx context.Context, side portfolios.Side, amount string) (*portfolios.Order, error) {
	cash, err := api.NewAmount(amount)
	if err != nil {
		return nil, err
	}
	// The account, the side and the amount identify an order of the tour, because the
	// tour places each of its orders once per account. A real program must use a
	// different ID for every order.
	purpose := fmt.Sprintf("tour %s %s %s", t.account, side, amount)
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", purpose)
	if err != nil {
		return nil, err
	}
	order, err := t.client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID:  t.account,
		UserID:     t.user,
		CashAmount: cash,
		Currency:   portfolios.CurrencyEUR,
		Side:       side,
	}, upvest.WithIdempotencyKey(key))
	if err != nil {
		return nil, err
	}
	t.didf("%s", describeOrder(order))
	return order, nil
}

// untilDone waits until an order is filled, settled or cancelled, and prints the order
// with its individual orders.
func (t *tour) untilDone(ctx context.Context, id uuid.UUID) error {
	ctx, stop := context.WithTimeout(ctx, orderTimeout)
	defer stop()
	order, err := t.client.Orders.Wait(ctx, id, nil)
	if err != nil {
		return err
	}
	t.didf("%s", describeOrder(order))
	return nil
}
