package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

type execution struct {
	id                    uuid.UUID
	created               time.Time
	accounts, allocations []uuid.UUID
}

// rebalancingTargets is both forms of the request at once, so that one that mixes them is seen.
type rebalancingTargets struct {
	Accounts    *[]uuid.UUID `json:"accounts"`
	Allocations *[]uuid.UUID `json:"allocations"`
}

// TriggerPortfolioRebalancing places one order of type REBALANCING for each account that is listed, or that follows a listed
// allocation.
//
// Source: "Trigger portfolio rebalancing" and the guide: accounts or allocations, exactly one of them.
// Choices: an empty list, or an id listed twice, is 400; an allocation that does not exist is 404; a listed account without a
// configuration is 422; if one id is refused, nothing is rebalanced. An allocation that no account follows is fine and places no order.
// The orders come in the order of the listed accounts, or by account id, and name no user.
func (l *Ledger) TriggerPortfolioRebalancing(
	ctx context.Context, request contract.TriggerPortfolioRebalancingRequestObject,
) (contract.TriggerPortfolioRebalancingResponseObject, error) {
	if request.Body == nil {
		return nil, errNoBody()
	}
	made, err := readRebalancing(request.Body)
	if err != nil {
		return nil, err
	}
	for i, id := range made.accounts {
		if l.checkAccount(id) != nil {
			return nil, notFound(fmt.Sprintf("accounts[%d]", i), "there is no account %s; expected the id of an existing account", id)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	orders, err := c.rebalancingOrders(made)
	if err != nil {
		return nil, err
	}
	made.id, made.created = l.options.NewID(), now
	c.executions[made.id] = made
	for _, o := range orders {
		l.place(c, now, o)
	}
	l.effects.add(now, c.id, "trigger_portfolio_rebalancing", made.id)
	return contract.TriggerPortfolioRebalancing200JSONResponse{Body: contract.Rebalancing{ID: made.id}}, nil
}

func readRebalancing(body *contract.RebalancingRequest) (*execution, error) {
	text, err := body.MarshalJSON()
	if err != nil {
		return nil, invalid("body", "expected a JSON object")
	}
	var targets rebalancingTargets
	if err := json.Unmarshal(text, &targets); err != nil {
		return nil, invalid("body", "expected accounts or allocations, as a list of UUIDs")
	}
	if (targets.Accounts == nil) == (targets.Allocations == nil) {
		return nil, invalid("body", "expected exactly one of accounts and allocations")
	}
	if targets.Accounts != nil {
		return &execution{accounts: *targets.Accounts, allocations: []uuid.UUID{}}, checkTargets("accounts", *targets.Accounts)
	}
	return &execution{accounts: []uuid.UUID{}, allocations: *targets.Allocations}, checkTargets("allocations", *targets.Allocations)
}

func checkTargets(field string, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return invalid(field, "expected at least one id")
	}
	seen := make(map[uuid.UUID]bool, len(ids))
	for i, id := range ids {
		if seen[id] {
			return invalid(fmt.Sprintf("%s[%d]", field, i), "expected every id once, %s is listed twice", id)
		}
		seen[id] = true
	}
	return nil
}

// rebalancingOrders makes the orders of an execution, one per account.
func (c *client) rebalancingOrders(e *execution) ([]*order, error) {
	wanted := make(map[uuid.UUID]bool, len(e.allocations))
	for i, id := range e.allocations {
		if c.allocations[id] == nil {
			return nil, notFound(fmt.Sprintf("allocations[%d]", i), "there is no allocation %s; expected the id of an allocation of this client", id)
		}
		wanted[id] = true
	}
	accounts := e.accounts
	if len(wanted) > 0 {
		accounts = nil
		for _, found := range c.configurationsByAccount {
			if wanted[found.allocation.id] {
				accounts = append(accounts, found.accountID)
			}
		}
	}
	orders := make([]*order, len(accounts))
	for i, id := range accounts {
		orders[i] = &order{accountID: id, kind: contract.OrderTypeREBALANCING, cash: "0"}
		if c.follow(orders[i]) != nil {
			return nil, unprocessable(fmt.Sprintf("accounts[%d]", i),
				"the account %s has no configuration; expected an account that follows an allocation", id)
		}
	}
	return orders, nil
}

// RetrievePortfoliosRebalancingExecution returns what a rebalancing was triggered for.
//
// Source: the example of "Retrieve portfolios rebalancing execution", where the list that was not asked for is empty.
// Choice: updated_at stays at created_at, because nothing that the execution shows changes.
func (l *Ledger) RetrievePortfoliosRebalancingExecution(
	ctx context.Context, request contract.RetrievePortfoliosRebalancingExecutionRequestObject,
) (contract.RetrievePortfoliosRebalancingExecutionResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, _ := l.enter(ctx)
	e := c.executions[request.ExecutionID]
	if e == nil {
		return nil, notFound("execution_id", "there is no execution %s; expected the id of a rebalancing of this client", request.ExecutionID)
	}
	return contract.RetrievePortfoliosRebalancingExecution200JSONResponse{Body: contract.RebalancingExecution{
		ID: e.id, CreatedAt: e.created, UpdatedAt: e.created, Accounts: cloneIDs(&e.accounts), Allocations: cloneIDs(&e.allocations),
	}}, nil
}
