package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

type execution struct {
	id                    uuid.UUID
	created               time.Time
	accounts, allocations []uuid.UUID
	orders                []*order
}

// accountIDs returns the account id of each order of the execution.
func (e *execution) accountIDs() []uuid.UUID {
	ids := make([]uuid.UUID, len(e.orders))
	for i, o := range e.orders {
		ids[i] = o.account.id
	}
	return ids
}

// TriggerPortfolioRebalancing places one order of type REBALANCING for each account that
// is listed, or that follows a listed allocation.
//
// Source: "Trigger portfolio rebalancing" and the guide: a request has either accounts or
// allocations. Choices: a list that is null counts as missing. An empty list, or an id
// that is listed twice, is refused with 400. An allocation that does not exist is refused
// with 404, and a listed account without a configuration with 422. If any id is refused,
// no order is placed. An allocation that no account follows is accepted, and no order is
// placed for it. Orders for listed accounts are placed in the sequence of the list.
// Orders for the accounts of listed allocations are placed in the sequence of the account
// ids. The orders name no user. They are placed before the response is sent, but not in
// one step: the ledger checks whether an account follows a listed allocation only when it
// reaches this account. All orders are placed even if the caller disconnects.
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
			return nil, notFound(fmt.Sprintf("accounts[%d]", i),
				"there is no account %s; expected the id of an existing account", id)
		}
	}
	c, err := l.begin(ctx, made)
	if err != nil {
		return nil, err
	}
	l.rebalanceAccounts(c, made)
	l.rebalanceFollowers(c, made)
	// The ledger is not locked here, because sorting many accounts takes a long time.
	l.record(ctx, made.created, made.id, made.accountIDs()...)
	return contract.TriggerPortfolioRebalancing200JSONResponse{Body: contract.Rebalancing{ID: made.id}}, nil
}

// begin checks that each listed account has a configuration and that each listed
// allocation exists, and stores the execution. In later versions of the API, a
// configuration can still be deleted before the order for its account is placed.
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
			return nil, notFound(fmt.Sprintf("allocations[%d]", i),
				"there is no allocation %s; expected the id of an allocation of this client", id)
		}
	}
	e.id = l.newID()
	e.created = now
	c.executions[e.id] = e
	return c, nil
}

// rebalanceAccounts places the orders of the accounts that the execution lists.
func (l *Ledger) rebalanceAccounts(c *client, e *execution) {
	for accounts := range slices.Chunk(e.accounts, turn) {
		l.mu.Lock()
		for _, id := range accounts {
			// The configuration may have been deleted after begin checked it.
			if found, err := c.configuration(id); err == nil {
				l.placeRebalancing(c, e, found)
			}
		}
		l.mu.Unlock()
	}
}

// rebalanceFollowers places the orders of the accounts that follow any of the allocations
// in the execution.
func (l *Ledger) rebalanceFollowers(c *client, e *execution) {
	if len(e.allocations) == 0 {
		return
	}
	wanted := make(map[uuid.UUID]bool, len(e.allocations))
	for _, id := range e.allocations {
		wanted[id] = true
	}
	walk(l, c.configurations, func(found *configuration) {
		if wanted[found.allocation.id] {
			l.placeRebalancing(c, e, found)
		}
	})
}

func (l *Ledger) placeRebalancing(c *client, e *execution, found *configuration) {
	placed := &order{kind: contract.OrderTypeREBALANCING, cash: "0"}
	placed.follow(found)
	l.place(c, l.now(), placed)
	e.orders = append(e.orders, placed)
}

// readRebalancing reads the list of accounts or the list of allocations, and refuses a
// request that has both lists or neither. Field names are case-sensitive.
func readRebalancing(body *contract.RebalancingRequest) (*execution, error) {
	text, err := body.MarshalJSON()
	if err != nil {
		return nil, invalid("body", "expected a JSON object")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, invalid("body", "expected a JSON object")
	}
	for _, name := range []string{"accounts", "allocations"} {
		if string(fields[name]) == "null" {
			delete(fields, name)
		}
	}
	accounts, hasAccounts := fields["accounts"]
	allocations, hasAllocations := fields["allocations"]
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

// readTargets parses the ids in a field. It refuses an empty list, and an id that is
// listed twice.
func readTargets(field string, value json.RawMessage) ([]uuid.UUID, error) {
	var texts []string
	if json.Unmarshal(value, &texts) != nil {
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
		seen[id] = true
		ids[i] = id
	}
	return ids, nil
}

// execution returns one execution of the client.
func (c *client) execution(id uuid.UUID) (*execution, error) {
	if e := c.executions[id]; e != nil {
		return e, nil
	}
	return nil, notFound("execution_id",
		"there is no execution %s; expected the id of a rebalancing of this client", id)
}

// RetrievePortfoliosRebalancingExecution returns the accounts or allocations that were
// listed in the request for a rebalancing.
//
// Source: the example of "Retrieve portfolios rebalancing execution", in which the list
// that was not part of the request is empty. Choice: `updated_at` always equals
// `created_at`, because nothing that the response shows ever changes.
func (l *Ledger) RetrievePortfoliosRebalancingExecution(
	ctx context.Context, request contract.RetrievePortfoliosRebalancingExecutionRequestObject,
) (contract.RetrievePortfoliosRebalancingExecutionResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, _ := l.enter(ctx)
	e, err := c.execution(request.ExecutionID)
	if err != nil {
		return nil, err
	}
	touch(ctx, e.accountIDs()...)
	shown := contract.RebalancingExecution{
		ID:          e.id,
		CreatedAt:   e.created,
		UpdatedAt:   e.created,
		Accounts:    cloneIDs(&e.accounts),
		Allocations: cloneIDs(&e.allocations),
	}
	return contract.RetrievePortfoliosRebalancingExecution200JSONResponse{Body: shown}, nil
}

// ListPortfolioRebalancingExecutionOrders returns a page of the orders of a rebalancing,
// sorted by status. Only later versions of the API have this operation.
func (l *Ledger) ListPortfolioRebalancingExecutionOrders(
	ctx context.Context, request later.ListPortfolioRebalancingExecutionOrdersRequestObject,
) (later.ListPortfolioRebalancingExecutionOrdersResponseObject, error) {
	list, err := newListing[string]("status", nil, nil).page(request.Params.Offset,
		request.Params.Limit).checked()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	e, err := c.execution(request.ExecutionID)
	if err != nil {
		return nil, err
	}
	touch(ctx, e.accountIDs()...)
	rows := make([]later.ExecutionOrder, len(e.orders))
	for i, o := range e.orders {
		l.advance(o.account, now)
		rows[i] = later.ExecutionOrder{
			AccountID: o.account.id, PortfolioOrderID: o.id, Status: string(o.status),
		}
	}
	slices.SortStableFunc(rows,
		func(a, b later.ExecutionOrder) int { return strings.Compare(a.Status, b.Status) })
	first := min(list.offset, len(rows))
	last := min(first+list.limit, len(rows))
	var page later.ListPortfolioRebalancingExecutionOrders200JSONResponse
	page.Body.Data = rows[first:last]
	page.Body.Meta = list.meta(last-first, len(rows))
	return page, nil
}
