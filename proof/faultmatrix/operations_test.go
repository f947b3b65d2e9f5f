package faultmatrix_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// world is what a cell finds: an account with a configuration, an allocation, an order that has not been carried out and a rebalancing.
type world struct {
	account, user, allocation, order, execution uuid.UUID
}

var user = uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")

func newWorld(t *testing.T, client *upvest.Client) world {
	t.Helper()
	ctx := t.Context()
	w := world{account: uuid.New(), user: user}
	allocation, err := client.Allocations.Create(ctx, allocationRequest("0.7", "0.3"))
	must(t, err)
	w.allocation = allocation.ID
	_, err = client.Configurations.Create(ctx, portfolios.ConfigurationRequest{AccountID: w.account, AllocationID: w.allocation})
	must(t, err)
	order, err := client.Orders.Create(ctx, orderRequest(w))
	must(t, err)
	w.order = order.ID
	rebalancing, err := client.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{Accounts: []uuid.UUID{w.account}})
	must(t, err)
	w.execution = rebalancing.ID
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func allocationRequest(first, second api.Decimal) portfolios.AllocationRequest {
	return portfolios.AllocationRequest{Name: "Allocation 1", Allocation: []portfolios.InstrumentWeight{
		{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: first},
		{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: second},
	}}
}

func orderRequest(w world) portfolios.OrderRequest {
	return portfolios.OrderRequest{
		UserID: w.user, AccountID: w.account, CashAmount: "100.00", Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
	}
}

// operation is one column of the matrix.
type operation struct {
	id      string
	isWrite bool
	call    func(ctx context.Context, c *upvest.Client, w world) error
}

var operations = []operation{
	{"list_portfolios_allocations", false, func(ctx context.Context, c *upvest.Client, _ world) error {
		_, err := c.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
		return err
	}},
	{"create_portfolios_allocation", true, func(ctx context.Context, c *upvest.Client, _ world) error {
		_, err := c.Allocations.Create(ctx, allocationRequest("0.5", "0.5"))
		return err
	}},
	{"retrieve_portfolios_allocation", false, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Allocations.Retrieve(ctx, w.allocation)
		return err
	}},
	{"update_portfolios_allocation", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Allocations.Update(ctx, w.allocation, allocationRequest("0.6", "0.4"))
		return err
	}},
	{"list_portfolios_configurations", false, func(ctx context.Context, c *upvest.Client, _ world) error {
		_, err := c.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{})
		return err
	}},
	{"create_portfolios_configuration", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Configurations.Create(ctx, portfolios.ConfigurationRequest{AccountID: uuid.New(), AllocationID: w.allocation})
		return err
	}},
	{"retrieve_portfolios_configuration", false, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Configurations.Retrieve(ctx, w.account)
		return err
	}},
	{"update_portfolios_configuration", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Configurations.Update(ctx, w.account, portfolios.ConfigurationUpdate{RebalancingStrategyIDs: []uuid.UUID{uuid.New()}})
		return err
	}},
	{"list_portfolios_orders", false, func(ctx context.Context, c *upvest.Client, _ world) error {
		_, err := c.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{})
		return err
	}},
	{"create_portfolios_order", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Orders.Create(ctx, orderRequest(w))
		return err
	}},
	{"retrieve_portfolios_order", false, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Orders.Retrieve(ctx, w.order)
		return err
	}},
	{"cancel_portfolios_order", true, func(ctx context.Context, c *upvest.Client, w world) error {
		return c.Orders.Cancel(ctx, w.order)
	}},
	{"create_portfolios_liquidation_request", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Orders.CreateLiquidationRequest(ctx, w.account, portfolios.LiquidationRequest{UserID: w.user})
		return err
	}},
	{"trigger_portfolio_rebalancing", true, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{Accounts: []uuid.UUID{w.account}})
		return err
	}},
	{"retrieve_portfolios_rebalancing_execution", false, func(ctx context.Context, c *upvest.Client, w world) error {
		_, err := c.Rebalancings.RetrieveExecution(ctx, w.execution)
		return err
	}},
}
