package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// CreatePortfoliosLiquidationRequest places an order that sells everything an account
// holds. The account and its configuration remain.
//
// Source: "Create portfolios liquidation request" and the guide. Choices: cash_amount is
// the account's value when the order is placed: the value of the holdings that no open
// order is going to sell, plus the cash that rebalancings have left in the account. It is
// "0" for an empty account. What the order sells and pays out is determined in the same
// way when the order becomes PROCESSING. An account without a configuration can be
// liquidated. The limit of 90 percent does not apply. The order has no `allocation_id`.
func (l *Ledger) CreatePortfoliosLiquidationRequest(
	ctx context.Context, request contract.CreatePortfoliosLiquidationRequestRequestObject,
) (contract.CreatePortfoliosLiquidationRequestResponseObject, error) {
	if request.Body == nil {
		return nil, errNoBody()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	placed, err := l.liquidate(ctx, request.AccountID, request.Body.UserID)
	if err != nil {
		return nil, err
	}
	return contract.CreatePortfoliosLiquidationRequest200JSONResponse{Body: placed.show()}, nil
}

// CreateAccountLiquidation places the same order as CreatePortfoliosLiquidationRequest.
// Only later versions of the API have this operation.
func (l *Ledger) CreateAccountLiquidation(
	ctx context.Context, request later.CreateAccountLiquidationRequestObject,
) (later.CreateAccountLiquidationResponseObject, error) {
	if request.Body == nil {
		return nil, errNoBody()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	placed, err := l.liquidate(ctx, request.AccountID, request.Body.UserID)
	if err != nil {
		return nil, err
	}
	return later.CreateAccountLiquidation202JSONResponse{Body: placed.showLiquidation()}, nil
}

// liquidate places the order that sells everything an account holds. The ledger must be
// locked.
func (l *Ledger) liquidate(ctx context.Context, accountID, userID uuid.UUID) (*order, error) {
	if err := l.checkOwner(accountID, userID); err != nil {
		return nil, err
	}
	c, now := l.enter(ctx)
	placed := &order{account: c.account(accountID), userID: userID, kind: contract.OrderTypeLIQUIDATION}
	l.advance(placed.account, now)
	values := l.prices.values(placed.account.free())
	value := sum(append(values, &placed.account.cash))
	if len(value.String()) > amountDigits+amountDecimals {
		return nil, unprocessable("account_id",
			"the account is worth more than a cash_amount can express; expected at most %d digits",
			amountDigits)
	}
	placed.cash = formatAmount(value)
	l.place(c, now, placed)
	l.record(ctx, now, placed.id, placed.account.id)
	return placed, nil
}

// showLiquidation returns a liquidation in the form in which later versions of the API
// show it.
//
// Choice: a liquidation has the fields that the other resources of the contract share.
// Upvest has not published the field names of its service.
func (o *order) showLiquidation() later.AccountLiquidation {
	return later.AccountLiquidation{
		ID:        o.id,
		AccountID: o.account.id,
		UserID:    o.userID,
		Status:    string(o.status),
		CreatedAt: o.created,
		UpdatedAt: o.updated,
	}
}

// liquidation returns one liquidation of an account in its current state. The ledger must
// be locked.
func (l *Ledger) liquidation(c *client, accountID, id uuid.UUID, now time.Time) (*order, error) {
	o, err := l.order(c, id, now)
	if err != nil || o.account.id != accountID || o.kind != contract.OrderTypeLIQUIDATION {
		return nil, notFound("liquidation_id", "there is no liquidation %s of the account %s", id, accountID)
	}
	return o, nil
}

// RetrieveAccountLiquidation returns one liquidation of an account.
func (l *Ledger) RetrieveAccountLiquidation(
	ctx context.Context, request later.RetrieveAccountLiquidationRequestObject,
) (later.RetrieveAccountLiquidationResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := l.liquidation(c, request.AccountID, request.LiquidationID, now)
	if err != nil {
		return nil, err
	}
	touch(ctx, o.account.id)
	return later.RetrieveAccountLiquidation200JSONResponse{Body: o.showLiquidation()}, nil
}

// ListAccountLiquidations returns a page of the liquidations of an account, sorted by id.
func (l *Ledger) ListAccountLiquidations(
	ctx context.Context, request later.ListAccountLiquidationsRequestObject,
) (later.ListAccountLiquidationsResponseObject, error) {
	list, err := newListing[string]("id", nil, nil).page(request.Params.Offset,
		request.Params.Limit).checked()
	if err != nil {
		return nil, err
	}
	orders, now := l.ordersOf(ctx, request.AccountID)
	found, meta := paginate(l, list, orders, []func(*order) bool{
		func(o *order) bool { return o.kind == contract.OrderTypeLIQUIDATION },
	})
	show := func(o *order) later.AccountLiquidation {
		l.advance(o.account, now)
		return o.showLiquidation()
	}
	return page[order, later.AccountLiquidation]{ledger: l, items: found, meta: meta, show: show}, nil
}

// CancelAccountLiquidation cancels a liquidation under the same conditions as
// CancelPortfoliosOrder.
func (l *Ledger) CancelAccountLiquidation(
	ctx context.Context, request later.CancelAccountLiquidationRequestObject,
) (later.CancelAccountLiquidationResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := l.liquidation(c, request.AccountID, request.LiquidationID, now)
	if err != nil {
		return nil, err
	}
	if err := o.cancellable("liquidation_id"); err != nil {
		return nil, err
	}
	o.cancel(now, later.CancellationReasonCANCELLEDBYCLIENT)
	l.record(ctx, now, o.id, o.account.id)
	return later.CancelAccountLiquidation204Response{}, nil
}
