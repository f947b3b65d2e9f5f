package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

type execution struct {
	id                    uuid.UUID
	created               time.Time
	accounts, allocations []uuid.UUID
	orders                []*order
}

// TriggerPortfolioRebalancing places one order of type REBALANCING for each account that is listed, or that follows a listed
// allocation.
//
// Source: "Trigger portfolio rebalancing" and the guide: accounts or allocations, exactly one of them.
// Choices: a list that is null is the same as none; an empty list, or an id listed twice, is 400; an allocation that does not exist is
// 404; a listed account without a configuration is 422; if one id is refused, nothing is rebalanced. An allocation that no account
// follows is fine and places no order. The orders come in the order of the listed accounts, or by account id, and name no user. They are
// placed before the answer, but not all at once: an account counts as following if it does when its turn comes, and what is begun is
// carried through also for a caller that has gone.
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
	c, err := l.begin(ctx, made)
	if err != nil {
		return nil, err
	}
	place := func(found *configuration) {
		placed := &order{kind: contract.OrderTypeREBALANCING, cash: "0"}
		placed.follow(found)
		_, now := l.enter(ctx)
		l.place(c, now, placed)
		made.orders = append(made.orders, placed)
	}
	for accounts := range slices.Chunk(made.accounts, turn) {
		l.mu.Lock()
		for _, id := range accounts {
			if found, err := c.configuration(id); err == nil { // it may have been deleted meanwhile
				place(found)
			}
		}
		l.mu.Unlock()
	}
	if len(made.allocations) > 0 {
		wanted := make(map[uuid.UUID]bool, len(made.allocations))
		for _, id := range made.allocations {
			wanted[id] = true
		}
		walk(l, c.configurations, func(found *configuration) {
			if wanted[found.allocation.id] {
				place(found)
			}
		})
	}
	return contract.TriggerPortfolioRebalancing200JSONResponse{Body: contract.Rebalancing{ID: made.id}}, nil
}

// begin checks that everything that the execution names exists, and stores it. A configuration
// can still be deleted before its turn comes, by later versions of the API.
func (l *Ledger) begin(ctx context.Context, e *execution) (*client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	for i, id := range e.accounts {
		if _, err := c.configuration(id); err != nil {
			return nil, unprocessable(fmt.Sprintf("accounts[%d]", i),
				"the account %s has no configuration; expected an account that follows an allocation", id)
		}
	}
	for i, id := range e.allocations {
		if _, err := c.allocation(id); err != nil {
			return nil, notFound(fmt.Sprintf("allocations[%d]", i), "there is no allocation %s; expected the id of an allocation of this client", id)
		}
	}
	e.id, e.created = l.options.NewID(), now
	c.executions[e.id] = e
	l.effects.add(now, c.id, "trigger_portfolio_rebalancing", e.id, uuid.Nil)
	return c, nil
}

// readRebalancing reads both forms of the request at once, so that one that mixes them is seen. Names count with case.
func readRebalancing(body *contract.RebalancingRequest) (*execution, error) {
	text, err := body.MarshalJSON()
	if err != nil {
		return nil, invalid("body", "expected a JSON object")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, invalid("body", "expected a JSON object")
	}
	for _, field := range []string{"accounts", "allocations"} {
		if member, found := members[field]; found && string(member) == "null" {
			delete(members, field)
		}
	}
	accounts, hasAccounts := members["accounts"]
	allocations, hasAllocations := members["allocations"]
	if hasAccounts == hasAllocations {
		return nil, invalid("body", "expected exactly one of accounts and allocations")
	}
	made := &execution{}
	if hasAccounts {
		made.accounts, err = readTargets("accounts", accounts)
	} else {
		made.allocations, err = readTargets("allocations", allocations)
	}
	return made, err
}

// readTargets returns the ids that a member lists.
func readTargets(field string, member json.RawMessage) ([]uuid.UUID, error) {
	var texts []string
	if json.Unmarshal(member, &texts) != nil {
		return nil, invalid(field, "expected a list of UUIDs")
	}
	if len(texts) == 0 {
		return nil, invalid(field, "expected at least one id")
	}
	ids := make([]uuid.UUID, len(texts))
	seen := make(map[uuid.UUID]bool, len(ids))
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", field, i)
		id, err := readID(at, text)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, invalid(at, "expected every id once, %s is listed twice", id)
		}
		ids[i], seen[id] = id, true
	}
	return ids, nil
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
