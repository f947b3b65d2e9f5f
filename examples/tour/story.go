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

// patience is how long the story waits for an order to be filled.
const patience = time.Minute

// story is the life of one portfolio, from its allocation to its liquidation.
type story struct {
	client        *upvest.Client
	timeline      *timeline
	account, user uuid.UUID

	allocation *portfolios.Allocation
}

func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"A portfolio is set up", s.setUp},
		{"Money is invested", s.invest},
		{"The target changes", s.rebalance},
		{"An order is cancelled", s.cancel},
		{"What is there can be listed", s.list},
		{"A mistake is explained", s.mistake},
		{"Everything is sold", s.liquidate},
	} {
		s.timeline.title(chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(chapter.title), err)
		}
	}
	return nil
}

func (s *story) setUp(ctx context.Context) error {
	err := s.timeline.step("create_portfolios_allocation", func(o upvest.CallOption) (err error) {
		s.allocation, err = s.client.Allocations.Create(ctx,
			portfolios.AllocationRequest{Name: "World and fruit", Allocation: mix("0.7", "0.3")}, o)
		return err
	}, func() string { return describeMix(s.allocation) })
	if err != nil {
		return err
	}
	err = s.timeline.step("retrieve_portfolios_allocation", func(o upvest.CallOption) (err error) {
		s.allocation, err = s.client.Allocations.Retrieve(ctx, s.allocation.ID, o)
		return err
	}, func() string { return "it is stored as " + s.allocation.ID.String() })
	if err != nil {
		return err
	}
	var configuration *portfolios.Configuration
	err = s.timeline.step("create_portfolios_configuration", func(o upvest.CallOption) (err error) {
		configuration, err = s.client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
			AccountID: s.account, AllocationID: s.allocation.ID, RebalancingStrategyIDs: []uuid.UUID{uuid.New()},
		}, o)
		return err
	}, func() string { return fmt.Sprintf("account %s follows the allocation", configuration.AccountID) })
	if err != nil {
		return err
	}
	err = s.timeline.step("update_portfolios_configuration", func(o upvest.CallOption) (err error) {
		configuration, err = s.client.Configurations.Update(ctx, s.account,
			portfolios.ConfigurationUpdate{RebalancingStrategyIDs: []uuid.UUID{}}, o)
		return err
	}, func() string { return "its rebalancing strategies are taken away" })
	if err != nil {
		return err
	}
	return s.timeline.step("retrieve_portfolios_configuration", func(o upvest.CallOption) (err error) {
		configuration, err = s.client.Configurations.Retrieve(ctx, s.account, o)
		return err
	}, func() string { return fmt.Sprintf("%d strategies are left", len(configuration.RebalancingStrategyIDs)) })
}

func (s *story) invest(ctx context.Context) error {
	order, err := s.place(ctx, portfolios.SideBUY, "1000.00")
	if err != nil {
		return err
	}
	return s.untilDone(ctx, order.ID)
}

func (s *story) rebalance(ctx context.Context) error {
	err := s.timeline.step("update_portfolios_allocation", func(o upvest.CallOption) (err error) {
		s.allocation, err = s.client.Allocations.Update(ctx, s.allocation.ID, portfolios.AllocationRequest{Allocation: mix("0.6", "0.4")}, o)
		return err
	}, func() string { return describeMix(s.allocation) + "; nothing is traded yet" })
	if err != nil {
		return err
	}
	var triggered *portfolios.Rebalancing
	err = s.timeline.step("trigger_portfolio_rebalancing", func(o upvest.CallOption) (err error) {
		triggered, err = s.client.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{Accounts: []uuid.UUID{s.account}}, o)
		return err
	}, func() string { return "the account is to be brought to the new weights" })
	if err != nil {
		return err
	}
	var execution *portfolios.RebalancingExecution
	return s.timeline.step("retrieve_portfolios_rebalancing_execution", func(o upvest.CallOption) (err error) {
		execution, err = s.client.Rebalancings.RetrieveExecution(ctx, triggered.ID, o)
		return err
	}, func() string { return fmt.Sprintf("it covers %d account", len(execution.Accounts)) })
}

func (s *story) cancel(ctx context.Context) error {
	order, err := s.place(ctx, portfolios.SideBUY, "250")
	if err != nil {
		return err
	}
	err = s.timeline.step("cancel_portfolios_order", func(o upvest.CallOption) error {
		return s.client.Orders.Cancel(ctx, order.ID, o)
	}, func() string { return "the cancellation is accepted; it is carried out afterwards" })
	if err != nil {
		return err
	}
	return s.untilDone(ctx, order.ID)
}

func (s *story) list(ctx context.Context) error {
	var allocations *portfolios.AllocationList
	err := s.timeline.step("list_portfolios_allocations", func(o upvest.CallOption) (err error) {
		allocations, err = s.client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{}, o)
		return err
	}, func() string { return fmt.Sprintf("%d on this page", len(allocations.Data)) })
	if err != nil {
		return err
	}
	var configurations *portfolios.ConfigurationList
	err = s.timeline.step("list_portfolios_configurations", func(o upvest.CallOption) (err error) {
		configurations, err = s.client.Configurations.List(ctx,
			portfolios.ListPortfoliosConfigurationsParams{AllocationID: &s.allocation.ID}, o)
		return err
	}, func() string { return fmt.Sprintf("%d of the allocation", len(configurations.Data)) })
	if err != nil {
		return err
	}
	var orders *portfolios.OrderList
	return s.timeline.step("list_portfolios_orders", func(o upvest.CallOption) (err error) {
		orders, err = s.client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &s.account}, o)
		return err
	}, func() string { return describeOrders(orders.Data) })
}

func (s *story) mistake(ctx context.Context) error {
	_, err := s.client.Allocations.Create(ctx, portfolios.AllocationRequest{Name: "Too much", Allocation: mix("0.7", "0.7")})
	return s.timeline.mistake("create_portfolios_allocation", err)
}

func (s *story) liquidate(ctx context.Context) error {
	var order *portfolios.Order
	err := s.timeline.step("create_portfolios_liquidation_request", func(o upvest.CallOption) (err error) {
		order, err = s.client.Orders.CreateLiquidationRequest(ctx, s.account, portfolios.LiquidationRequest{UserID: s.user}, o)
		return err
	}, func() string { return describeOrder(order) })
	if errors.Is(err, upvest.ErrNotFound) || errors.Is(err, upvest.ErrMethodNotAllowed) {
		return s.timeline.mistake("create_portfolios_liquidation_request", err) // servers of today have moved it
	}
	if err != nil {
		return err
	}
	return s.untilDone(ctx, order.ID)
}

// place places an order under a key derived from what it is for, so that even a restarted program would not place it twice.
func (s *story) place(ctx context.Context, side portfolios.Side, amount string) (*portfolios.Order, error) {
	cash, err := api.NewAmount(amount)
	if err != nil {
		return nil, err
	}
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", fmt.Sprintf("demo %s %s %s", s.account, side, amount))
	if err != nil {
		return nil, err
	}
	var order *portfolios.Order
	err = s.timeline.step("create_portfolios_order", func(o upvest.CallOption) (err error) {
		order, err = s.client.Orders.Create(ctx, portfolios.OrderRequest{
			AccountID: s.account, UserID: s.user, CashAmount: cash, Currency: portfolios.CurrencyEUR, Side: side,
		}, o, upvest.WithIdempotencyKey(key))
		return err
	}, func() string { return describeOrder(order) })
	return order, err
}

// untilDone waits for the end of an order and shows it with its individual orders.
func (s *story) untilDone(ctx context.Context, id uuid.UUID) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if _, err := s.client.Orders.Wait(ctx, id, nil); err != nil {
		return err
	}
	var order *portfolios.Order
	return s.timeline.step("retrieve_portfolios_order", func(o upvest.CallOption) (err error) {
		order, err = s.client.Orders.Retrieve(ctx, id, o)
		return err
	}, func() string { return describeOrder(order) })
}
