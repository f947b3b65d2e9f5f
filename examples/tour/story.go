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

// patience is how long the tour waits for an order to be filled.
const patience = time.Minute

// story calls the operations of one portfolio in order, from its allocation to its
// liquidation.
type story struct {
	*timeline
	client        *upvest.Client
	account, user uuid.UUID

	allocation *portfolios.Allocation
}

func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{title: "Set up a portfolio", tell: s.setUp},
		{title: "Invest money", tell: s.invest},
		{title: "Change the target", tell: s.rebalance},
		{title: "Cancel an order", tell: s.cancel},
		{title: "List allocations, configurations and orders", tell: s.list},
		{title: "Send an invalid request", tell: s.mistake},
		{title: "Sell everything", tell: s.liquidate},
	} {
		s.title(chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(chapter.title), err)
		}
	}
	return nil
}

func (s *story) setUp(ctx context.Context) (err error) {
	s.allocation, err = s.client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Name:       "World and fruit",
		Allocation: mix("0.7", "0.3"),
	})
	if err != nil {
		return err
	}
	s.didf("%s", describeMix(s.allocation))

	s.allocation, err = s.client.Allocations.Retrieve(ctx, s.allocation.ID)
	if err != nil {
		return err
	}
	s.didf("stored as %s", s.allocation.ID)

	configuration, err := s.client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID:              s.account,
		AllocationID:           s.allocation.ID,
		RebalancingStrategyIDs: []uuid.UUID{uuid.New()},
	})
	if err != nil {
		return err
	}
	s.didf("account %s follows the allocation", configuration.AccountID)

	_, err = s.client.Configurations.Update(ctx, s.account, portfolios.ConfigurationUpdate{
		RebalancingStrategyIDs: []uuid.UUID{},
	})
	if err != nil {
		return err
	}
	s.didf("its rebalancing strategies are removed")

	configuration, err = s.client.Configurations.Retrieve(ctx, s.account)
	if err != nil {
		return err
	}
	s.didf("%d rebalancing strategies", len(configuration.RebalancingStrategyIDs))
	return nil
}

func (s *story) invest(ctx context.Context) error {
	order, err := s.place(ctx, portfolios.SideBUY, "1000.00")
	if err != nil {
		return err
	}
	return s.untilDone(ctx, order.ID)
}

func (s *story) rebalance(ctx context.Context) (err error) {
	s.allocation, err = s.client.Allocations.Update(ctx, s.allocation.ID, portfolios.AllocationRequest{
		Allocation: mix("0.6", "0.4"),
	})
	if err != nil {
		return err
	}
	s.didf("%s; nothing is traded yet", describeMix(s.allocation))

	triggered, err := s.client.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{
		Accounts: []uuid.UUID{s.account},
	})
	if err != nil {
		return err
	}
	s.didf("a rebalancing to the new weights is triggered")

	execution, err := s.client.Rebalancings.RetrieveExecution(ctx, triggered.ID)
	if err != nil {
		return err
	}
	s.didf("it covers %d account", len(execution.Accounts))
	return nil
}

func (s *story) cancel(ctx context.Context) error {
	order, err := s.place(ctx, portfolios.SideBUY, "250")
	if err != nil {
		return err
	}
	if err := s.client.Orders.Cancel(ctx, order.ID); err != nil {
		return err
	}
	s.didf("the cancellation is accepted and takes effect later")
	return s.untilDone(ctx, order.ID)
}

func (s *story) list(ctx context.Context) error {
	allocations, err := s.client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		return err
	}
	s.didf("%d allocations on the first page", len(allocations.Data))

	configurations, err := s.client.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{
		AllocationID: &s.allocation.ID,
	})
	if err != nil {
		return err
	}
	s.didf("%d accounts follow the allocation", len(configurations.Data))

	orders, err := s.client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &s.account})
	if err != nil {
		return err
	}
	s.didf("%s", describeOrders(orders.Data))
	return nil
}

func (s *story) mistake(ctx context.Context) error {
	_, err := s.client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Name:       "Too much",
		Allocation: mix("0.7", "0.7"),
	})
	return s.refused(err)
}

func (s *story) liquidate(ctx context.Context) error {
	order, err := s.client.Orders.CreateLiquidationRequest(ctx, s.account, portfolios.LiquidationRequest{
		UserID: s.user,
	})
	if errors.Is(err, upvest.ErrNotFound) || errors.Is(err, upvest.ErrMethodNotAllowed) {
		return s.refused(err) // later versions of the API moved this operation
	}
	if err != nil {
		return err
	}
	s.didf("%s", describeOrder(order))
	return s.untilDone(ctx, order.ID)
}

// place places an order under an idempotency key derived from its purpose, so that a
// restarted program does not place it twice.
func (s *story) place(ctx context.Context, side portfolios.Side, amount string) (*portfolios.Order, error) {
	cash, err := api.NewAmount(amount)
	if err != nil {
		return nil, err
	}
	// Account, side and amount are enough here, since the tour places each of its orders
	// once per account. A real program must use a different ID for every order.
	purpose := fmt.Sprintf("tour %s %s %s", s.account, side, amount)
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", purpose)
	if err != nil {
		return nil, err
	}
	order, err := s.client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID:  s.account,
		UserID:     s.user,
		CashAmount: cash,
		Currency:   portfolios.CurrencyEUR,
		Side:       side,
	}, upvest.WithIdempotencyKey(key))
	if err != nil {
		return nil, err
	}
	s.didf("%s", describeOrder(order))
	return order, nil
}

// untilDone waits until an order is complete and prints it with its individual orders.
func (s *story) untilDone(ctx context.Context, id uuid.UUID) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	order, err := s.client.Orders.Wait(ctx, id, nil)
	if err != nil {
		return err
	}
	s.didf("%s", describeOrder(order))
	return nil
}
