package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

type configuration struct {
	account          *account
	allocation       *allocation
	strategyIDs      *[]uuid.UUID
	created, updated time.Time
}

func (c *configuration) show() contract.Configuration {
	return contract.Configuration{
		AccountID:              c.account.id,
		AllocationID:           c.allocation.id,
		CreatedAt:              c.created,
		UpdatedAt:              c.updated,
		RebalancingStrategyIDs: cloneIDs(c.strategyIDs),
	}
}

// cloneIDs copies a list of ids. It returns nil only for a nil pointer.
func cloneIDs(ids *[]uuid.UUID) *[]uuid.UUID {
	if ids == nil {
		return nil
	}
	// The copied slice is never nil, because JSON would show a nil slice as null.
	clone := append([]uuid.UUID{}, *ids...)
	return &clone
}

// configuration returns the configuration of an account, or a refusal (404) if the
// account has no configuration.
func (c *client) configuration(accountID uuid.UUID) (*configuration, error) {
	if found := c.accounts[accountID]; found != nil && found.configured {
		return &found.configuration, nil
	}
	return nil, notFound("account_id",
		"the account %s has no configuration; expected an account with one", accountID)
}

// configure adds a configuration to an account that has none. The configuration makes the
// account follow the allocation.
func (c *client) configure(account *account, a *allocation, now time.Time) *configuration {
	account.configured = true
	account.configuration = configuration{account: account, created: now, updated: now, allocation: a}
	c.configurations.insert(&account.configuration)
	return &account.configuration
}

// CreatePortfoliosConfiguration makes an account follow an allocation.
//
// Source: "Create portfolios configuration" and the guide: an account has one active
// configuration. Choices: a second configuration is refused with 409. An account or
// allocation that does not exist is refused with 404. Any rebalancing strategy id is
// accepted.
func (l *Ledger) CreatePortfoliosConfiguration(
	ctx context.Context, request contract.CreatePortfoliosConfigurationRequestObject,
) (contract.CreatePortfoliosConfigurationResponseObject, error) {
	body := request.Body
	if body == nil {
		return nil, errNoBody()
	}
	if err := l.checkAccount(body.AccountID); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	a, err := c.allocation(body.AllocationID)
	if err != nil {
		return nil, err
	}
	if _, err := c.configuration(body.AccountID); err == nil {
		return nil, conflict("account_id",
			"the account %s already has a configuration; change it with PATCH", body.AccountID)
	}
	made := c.configure(c.account(body.AccountID), a, now)
	made.strategyIDs = cloneIDs(body.RebalancingStrategyIDs)
	l.record(ctx, now, body.AccountID, body.AccountID)
	return contract.CreatePortfoliosConfiguration200JSONResponse{Body: made.show()}, nil
}

// RetrievePortfoliosConfiguration returns the configuration of one account.
func (l *Ledger) RetrievePortfoliosConfiguration(
	ctx context.Context, request contract.RetrievePortfoliosConfigurationRequestObject,
) (contract.RetrievePortfoliosConfigurationResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, _ := l.enter(ctx)
	found, err := c.configuration(request.AccountID)
	if err != nil {
		return nil, err
	}
	return contract.RetrievePortfoliosConfiguration200JSONResponse{Body: found.show()}, nil
}

// UpdatePortfoliosConfiguration changes the fields that the request contains: the
// allocation, the list of rebalancing strategies, or both. An empty list removes all
// strategies.
//
// Choices: a request without either field is refused with 400. A request that changes
// nothing still sets updated_at.
func (l *Ledger) UpdatePortfoliosConfiguration(
	ctx context.Context, request contract.UpdatePortfoliosConfigurationRequestObject,
) (contract.UpdatePortfoliosConfigurationResponseObject, error) {
	body := request.Body
	if body == nil {
		return nil, errNoBody()
	}
	if body.AllocationID == nil && body.RebalancingStrategyIDs == nil {
		return nil, invalid("body", "expected allocation_id, rebalancing_strategy_ids or both; "+
			"the request names nothing to change")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	found, err := c.configuration(request.AccountID)
	if err != nil {
		return nil, err
	}
	if body.AllocationID != nil {
		a, err := c.allocation(*body.AllocationID)
		if err != nil {
			return nil, err
		}
		found.allocation = a
	}
	if body.RebalancingStrategyIDs != nil {
		found.strategyIDs = cloneIDs(body.RebalancingStrategyIDs)
	}
	found.updated = latest(found.updated, now)
	l.record(ctx, now, found.account.id, found.account.id)
	return contract.UpdatePortfoliosConfiguration200JSONResponse{Body: found.show()}, nil
}

// DeletePortfoliosConfiguration deletes the configuration of an account. Only later
// versions of the API have this operation. The account keeps its holdings and its orders.
func (l *Ledger) DeletePortfoliosConfiguration(
	ctx context.Context, request later.DeletePortfoliosConfigurationRequestObject,
) (later.DeletePortfoliosConfigurationResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	found, err := c.configuration(request.AccountID)
	if err != nil {
		return nil, err
	}
	found.account.configured = false
	c.configurations.remove(found)
	l.record(ctx, now, request.AccountID, request.AccountID)
	return later.DeletePortfoliosConfiguration204Response{}, nil
}

// ListPortfoliosConfigurations returns a page of configurations, sorted by account_id.
func (l *Ledger) ListPortfoliosConfigurations(
	ctx context.Context, request contract.ListPortfoliosConfigurationsRequestObject,
) (contract.ListPortfoliosConfigurationsResponseObject, error) {
	params := request.Params
	list, err := newListing("account_id", params.Sort, params.Order).
		page(params.Offset, params.Limit).
		between(params.StartDate, params.EndDate).
		checked()
	if err != nil {
		return nil, err
	}
	filters := createdBetween(list, func(c *configuration) time.Time { return c.created })
	if params.AccountID != nil {
		id, err := readID("account_id", *params.AccountID)
		if err != nil {
			return nil, err
		}
		filters = append(filters, func(c *configuration) bool { return c.account.id == id })
	}
	if params.AllocationID != nil {
		id, err := readID("allocation_id", *params.AllocationID)
		if err != nil {
			return nil, err
		}
		filters = append(filters, func(c *configuration) bool { return c.allocation.id == id })
	}
	c, _ := l.look(ctx)
	found, meta := paginate(l, list, c.configurations, filters)
	return page[configuration, contract.Configuration]{
		ledger: l, items: found, meta: meta, show: (*configuration).show,
	}, nil
}
