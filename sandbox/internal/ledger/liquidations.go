package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// CreatePortfoliosLiquidationRequest places an order that sells everything an account holds. The account and its configuration stay.
//
// Source: "Create portfolios liquidation request" and the guide.
// Choices: cash_amount is the value when the order is placed, the cash of cancelled rebalancings included, "0" if nothing is held; what is
// sold and paid out is what is there when it becomes PROCESSING; an account without a configuration can be liquidated; the limit of 90 per cent does not apply; allocation_id is left out.
func (l *Ledger) CreatePortfoliosLiquidationRequest(
	ctx context.Context, request contract.CreatePortfoliosLiquidationRequestRequestObject,
) (contract.CreatePortfoliosLiquidationRequestResponseObject, error) {
	body := request.Body
	if body == nil {
		return nil, errNoBody()
	}
	if err := l.checkOwner(request.AccountID, body.UserID); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	placed, err := l.liquidate(c, now, request.AccountID, body.UserID)
	if err != nil {
		return nil, err
	}
	l.effects.add(now, c.id, "create_portfolios_liquidation_request", placed.id, placed.account.id)
	return contract.CreatePortfoliosLiquidationRequest200JSONResponse{Body: placed.show()}, nil
}

// liquidate places the order that sells everything an account holds.
func (l *Ledger) liquidate(c *client, now time.Time, accountID, userID uuid.UUID) (*order, error) {
	placed := &order{account: c.account(accountID), userID: userID, kind: contract.OrderTypeLIQUIDATION}
	l.advance(placed.account, now)
	_, values := placed.account.free()
	value := sum(append(values, &placed.account.cash))
	if len(value.String()) > amountDigits+amountDecimals {
		return nil, unprocessable("account_id", "the account is worth more than a cash_amount can say; expected at most %d digits", amountDigits)
	}
	placed.cash = formatAmount(value)
	l.place(c, now, placed)
	return placed, nil
}
