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
		{"A portfolio is set up", s.setUp},
		{"Money is invested", s.invest},
		{"The target changes", s.rebalance},
		{"An order is cancelled", s.cancel},
		{"What is there can be listed", s.list},
		{"A mistake is explained", s.mistake},
		{"Everything is sold", s.liquidate},
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
		Name: "World and fruit", Allocation: mix("0.7", "0.3"),
	})
	if err != nil {
		return err
	}
	s.did("%s", describeMix(s.allocation))

	s.allocation, err = s.client.Allocations.Retrieve(ctx, s.allocation.ID)
	if err != nil {
		return err
	}
	s.did("it is stored as %s", s.allocation.ID)

	configuration, err := s.client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID: s.account, AllocationID: s.allocation.ID, RebalancingStrategyIDs: []uuid.UUID{uuid.New()},
	})
	if err != nil {
		return err
	}
	s.did("account %s follows the allocation", configuration.AccountID)

	_, err = s.client.Configurations.Update(
		ctx,
		s.account,
		portfolios.ConfigurationUpdate{RebalancingStrategyIDs: []uuid.UUID{}},
	)
	if err != nil {
		return err
	}
	s.did("its rebalancing strategies are taken away")

	configuration, err = s.client.Configurations.Retrieve(ctx, s.account)
	if err != nil {
		return err
	}
	s.did("%d strategies are left", len(configuration.RebalancingStrategyIDs))
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
	s.allocation, err = s.client.Allocations.Update(
		ctx,
		s.allocation.ID,
		portfolios.AllocationRequest{Allocation: mix("0.6", "0.4")},
	)
	if err != nil {
		return err
	}
	s.did("%s; nothing is traded yet", describeMix(s.allocation))

	triggered, err := s.client.Rebalancings.Trigger(
		ctx,
		portfolios.RebalancingRequest{Accounts: []uuid.UUID{s.account}},
	)
	if err != nil {
		return err
	}
	s.did("the account is to be brought to the new weights")

	execution, err := s.client.Rebalancings.RetrieveExecution(ctx, triggered.ID)
	if err != nil {
		return err
	}
	s.did("it covers %d account", len(execution.Accounts))
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
	s.did("the cancellation is accepted; it is carried out afterwards")
	return s.untilDone(ctx, order.ID)
}

func (s *story) list(ctx context.Context) error {
	allocations, err := s.client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		return err
	}
	s.did("%d on this page", len(allocations.Data))

	configurations, err := s.client.Configurations.List(
		ctx,
		portfolios.ListPortfoliosConfigurationsParams{AllocationID: &s.allocation.ID},
	)
	if err != nil {
		return err
	}
	s.did("%d of the allocation", len(configurations.Data))

	orders, err := s.client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{AccountID: &s.account})
	if err != nil {
		return err
	}
	s.did("%s", describeOrders(orders.Data))
	return nil
}

func (s *story) mistake(ctx context.Context) error {
	_, err := s.client.Allocations.Create(
		ctx,
		portfolios.AllocationRequest{Name: "Too much", Allocation: mix("0.7", "0.7")},
	)
	return s.refused(err)
}

func (s *story) liquidate(ctx context.Context) error {
	order, err := s.client.Orders.CreateLiquidationRequest(
		ctx,
		s.account,
		portfolios.LiquidationRequest{UserID: s.user},
	)
	if errors.Is(err, upvest.ErrNotFound) || errors.Is(err, upvest.ErrMethodNotAllowed) {
		return s.refused(err) // servers of today have moved it
	}
	if err != nil {
		return err
	}
	s.did("%s", describeOrder(order))
	return s.untilDone(ctx, order.ID)
}

// place places an order under a key derived from what it is for, so that even a restarted
// program would not place it twice.
func (s *story) place(ctx context.Context, side portfolios.Side, amount string) (*portfolios.Order, error) {
	cash, err := api.NewAmount(amount)
	if err != nil {
		return nil, err
	}
	// The tour places each of its orders once for an account: a real program has an id of
	// its own for each.
	key, err := upvest.IdempotencyKeyFor(
		"create_portfolios_order",
		fmt.Sprintf("tour %s %s %s", s.account, side, amount),
	)
	if err != nil {
		return nil, err
	}
	order, err := s.client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID: s.account, UserID: s.user, CashAmount: cash, Currency: portfolios.CurrencyEUR, Side: side,
	}, upvest.WithIdempotencyKey(key))
	if err != nil {
		return nil, err
	}
	s.did("%s", describeOrder(order))
	return order, nil
}

// untilDone waits for the end of an order and shows it with its individual orders.
func (s *story) untilDone(ctx context.Context, id uuid.UUID) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	order, err := s.client.Orders.Wait(ctx, id, nil)
	if err != nil {
		return err
	}
	s.did("%s", describeOrder(order))
	return nil
}
