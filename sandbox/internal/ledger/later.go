package ledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// orderSettled is a status of later versions of the API, behind FILLED.
const orderSettled contract.OrderStatus = "SETTLED"

// AccountLiquidation sells everything that an account holds, in later versions of the API.
//
// Choice: its fields are those that the other resources of the contract share; their names in the real service are not public.
type AccountLiquidation struct {
	ID        uuid.UUID            `json:"id"`
	AccountID uuid.UUID            `json:"account_id"`
	UserID    uuid.UUID            `json:"user_id"`
	Status    contract.OrderStatus `json:"status"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

func (o *order) showLiquidation() AccountLiquidation {
	return AccountLiquidation{o.id, o.account.id, o.userID, o.status, o.created, o.updated}
}

// CreateAccountLiquidation is CreatePortfoliosLiquidationRequest as later versions have it.
func (l *Ledger) CreateAccountLiquidation(ctx context.Context, accountID, userID uuid.UUID) (AccountLiquidation, error) {
	if err := l.checkOwner(accountID, userID); err != nil {
		return AccountLiquidation{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	placed, err := l.liquidate(c, now, accountID, userID)
	if err != nil {
		return AccountLiquidation{}, err
	}
	l.effects.add(now, c.id, "create_account_liquidation", placed.id, placed.account.id)
	return placed.showLiquidation(), nil
}

// liquidation returns one liquidation of an account as of now. The ledger must be locked.
func (l *Ledger) liquidation(ctx context.Context, accountID, id uuid.UUID) (*client, *order, time.Time, error) {
	c, now := l.enter(ctx)
	o, err := l.order(c, id, now)
	if err != nil || o.account.id != accountID || o.kind != contract.OrderTypeLIQUIDATION {
		return nil, nil, now, notFound("liquidation_id", "there is no liquidation %s of the account %s", id, accountID)
	}
	return c, o, now, nil
}

// AccountLiquidation returns one liquidation of an account.
func (l *Ledger) AccountLiquidation(ctx context.Context, accountID, id uuid.UUID) (AccountLiquidation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, o, _, err := l.liquidation(ctx, accountID, id)
	if err != nil {
		return AccountLiquidation{}, err
	}
	return o.showLiquidation(), nil
}

// AccountLiquidations returns a page of the liquidations of an account, sorted by id.
func (l *Ledger) AccountLiquidations(
	ctx context.Context, accountID uuid.UUID, offset, limit *int32,
) ([]AccountLiquidation, contract.Meta, error) {
	list, err := readListing[string]("id", nil, nil, offset, limit, nil, nil)
	if err != nil {
		return nil, contract.Meta{}, err
	}
	l.mu.Lock()
	c, now := l.enter(ctx)
	orders := c.accounts[accountID].indexed()
	l.mu.Unlock()
	found, meta := paginate(l, list, orders, []func(*order) bool{
		func(o *order) bool { return o.kind == contract.OrderTypeLIQUIDATION },
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	shown := make([]AccountLiquidation, len(found))
	for i, o := range found {
		l.advance(o.account, now)
		shown[i] = o.showLiquidation()
	}
	return shown, meta, nil
}

// CancelAccountLiquidation cancels a liquidation, as far as an order could be.
func (l *Ledger) CancelAccountLiquidation(ctx context.Context, accountID, id uuid.UUID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, o, now, err := l.liquidation(ctx, accountID, id)
	if err != nil {
		return err
	}
	if err := o.cancellable("liquidation_id"); err != nil {
		return err
	}
	o.cancel(now)
	l.effects.add(now, c.id, "cancel_account_liquidation", o.id, o.account.id)
	return nil
}

// DeleteConfiguration ends that an account follows an allocation. What it holds stays, as do its orders.
func (l *Ledger) DeleteConfiguration(ctx context.Context, accountID uuid.UUID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	found, err := c.configuration(accountID)
	if err != nil {
		return err
	}
	found.account.configured = false
	c.configurations.remove(found)
	l.effects.add(now, c.id, "delete_portfolios_configuration", accountID, accountID)
	return nil
}

// ExecutionOrder is an order that a rebalancing placed.
type ExecutionOrder struct {
	AccountID        uuid.UUID            `json:"account_id"`
	PortfolioOrderID uuid.UUID            `json:"portfolio_order_id"`
	Status           contract.OrderStatus `json:"status"`
}

// ExecutionOrders returns a page of the orders of a rebalancing, sorted by status.
func (l *Ledger) ExecutionOrders(
	ctx context.Context, executionID uuid.UUID, offset, limit *int32,
) ([]ExecutionOrder, contract.Meta, error) {
	list, err := readListing[string]("status", nil, nil, offset, limit, nil, nil)
	if err != nil {
		return nil, contract.Meta{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	e := c.executions[executionID]
	if e == nil {
		return nil, contract.Meta{}, notFound("execution_id", "there is no execution %s; expected the id of a rebalancing of this client", executionID)
	}
	shown := make([]ExecutionOrder, len(e.orders))
	for i, o := range e.orders {
		l.advance(o.account, now)
		shown[i] = ExecutionOrder{o.account.id, o.id, o.status}
	}
	slices.SortStableFunc(shown, func(a, b ExecutionOrder) int { return strings.Compare(string(a.Status), string(b.Status)) })
	first := min(list.offset, len(shown))
	page := shown[first:min(first+list.limit, len(shown))]
	return page, list.meta(len(page), len(shown)), nil
}
