package ledger

import (
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// Dump is the state of a ledger at one moment, in a form that JSON can hold.
type Dump struct {
	// IDs is the number of ids that were generated. Placed is the number of orders that
	// were placed.
	IDs    uint64              `json:"ids"`
	Placed uint32              `json:"placed"`
	Prices map[string]*big.Int `json:"prices"`
	// Clients has the state of each client, in the order of the ids that were passed to
	// [Ledger.Dump].
	Clients []dumpedClient `json:"clients"`
}

type dumpedClient struct {
	Allocations []dumpedAllocation `json:"allocations"`
	Accounts    []dumpedAccount    `json:"accounts"`
	Orders      []dumpedOrder      `json:"orders"`
	Executions  []dumpedExecution  `json:"executions"`
}

type dumpedAllocation struct {
	ID      uuid.UUID                   `json:"id"`
	Created time.Time                   `json:"created"`
	Updated time.Time                   `json:"updated"`
	Name    string                      `json:"name"`
	Mix     []contract.InstrumentWeight `json:"mix"`
}

type dumpedAccount struct {
	ID            uuid.UUID            `json:"id"`
	Cash          *big.Int             `json:"cash"`
	Held          map[string]*big.Int  `json:"held"`
	Configuration *dumpedConfiguration `json:"configuration,omitempty"`
}

type dumpedConfiguration struct {
	AllocationID uuid.UUID    `json:"allocation_id"`
	StrategyIDs  *[]uuid.UUID `json:"strategy_ids,omitempty"`
	Created      time.Time    `json:"created"`
	Updated      time.Time    `json:"updated"`
}

type dumpedOrder struct {
	ID           uuid.UUID `json:"id"`
	AccountID    uuid.UUID `json:"account_id"`
	AllocationID uuid.UUID `json:"allocation_id"`
	// Mix is the mix of an order that has no individual orders yet.
	Mix         []contract.InstrumentWeight `json:"mix,omitempty"`
	UserID      uuid.UUID                   `json:"user_id"`
	Kind        contract.OrderType          `json:"type"`
	Cash        string                      `json:"cash"`
	Created     time.Time                   `json:"created"`
	Updated     time.Time                   `json:"updated"`
	Status      contract.OrderStatus        `json:"status"`
	Instruments []string                    `json:"instruments,omitempty"`
	Amounts     []*big.Int                  `json:"amounts,omitempty"`
	Pot         *big.Int                    `json:"pot,omitempty"`
	Sales       int32                       `json:"sales"`
	Filled      int32                       `json:"filled"`
	Placed      uint32                      `json:"placed"`
	PostTax     bool                        `json:"post_tax"`
	Settles     bool                        `json:"settles"`
	Flow        later.InitiationFlow        `json:"initiation_flow,omitempty"`
	Reason      later.CancellationReason    `json:"cancellation_reason,omitempty"`
	Executions  []int                       `json:"executions,omitempty"`
	Executed    int                         `json:"executed,omitempty"`
}

type dumpedExecution struct {
	ID          uuid.UUID   `json:"id"`
	Created     time.Time   `json:"created"`
	Accounts    []uuid.UUID `json:"accounts,omitempty"`
	Allocations []uuid.UUID `json:"allocations,omitempty"`
	Orders      []uuid.UUID `json:"orders"`
}

// Dump returns the current prices and the current state of the given clients. It omits
// the log of effects.
func (l *Ledger) Dump(clients []uuid.UUID) Dump {
	l.mu.Lock()
	defer l.mu.Unlock()
	dump := Dump{IDs: l.ids, Placed: l.placed, Prices: map[string]*big.Int{}}
	for instrument, price := range l.prices {
		dump.Prices[instrument] = new(big.Int).Set(price)
	}
	now := l.now()
	for _, id := range clients {
		var dumped dumpedClient
		if c := l.clients[id]; c != nil {
			for _, a := range c.accounts {
				l.advance(a, now)
			}
			dumped = c.dump()
		}
		dump.Clients = append(dump.Clients, dumped)
	}
	return dump
}

func (c *client) dump() (d dumpedClient) {
	for _, a := range c.allocations.page(0, c.allocations.len()) {
		d.Allocations = append(d.Allocations, dumpedAllocation{
			ID: a.id, Created: a.created, Updated: a.updated, Name: a.name, Mix: a.mix.listed,
		})
	}
	for _, a := range c.accounts {
		d.Accounts = append(d.Accounts, a.dump())
	}
	for _, o := range c.orders.page(0, c.orders.len()) {
		d.Orders = append(d.Orders, o.dump())
	}
	for _, e := range c.executions {
		dumped := dumpedExecution{
			ID: e.id, Created: e.created, Accounts: e.accounts, Allocations: e.allocations,
		}
		for _, o := range e.orders {
			dumped.Orders = append(dumped.Orders, o.id)
		}
		d.Executions = append(d.Executions, dumped)
	}
	return d
}

func (a *account) dump() dumpedAccount {
	d := dumpedAccount{ID: a.id, Cash: new(big.Int).Set(&a.cash), Held: map[string]*big.Int{}}
	for i := range a.positions {
		d.Held[a.positions[i].instrument] = new(big.Int).Set(&a.positions[i].held)
	}
	if a.configured {
		c := &a.configuration
		d.Configuration = &dumpedConfiguration{
			AllocationID: c.allocation.id,
			StrategyIDs:  cloneIDs(c.strategyIDs),
			Created:      c.created,
			Updated:      c.updated,
		}
	}
	return d
}

func (o *order) dump() dumpedOrder {
	d := dumpedOrder{
		ID:          o.id,
		AccountID:   o.account.id,
		UserID:      o.userID,
		Kind:        o.kind,
		Cash:        o.cash,
		Created:     o.created,
		Updated:     o.updated,
		Status:      o.status,
		Instruments: o.instruments,
		Sales:       o.sales,
		Filled:      o.filled,
		Placed:      o.placed,
		PostTax:     o.postTax,
		Settles:     o.settles,
	}
	if o.allocation != nil {
		d.AllocationID = o.allocation.id
	}
	if o.mix != nil && o.status == contract.OrderStatusNEW {
		d.Mix = o.mix.listed
	}
	for _, amount := range o.amounts {
		d.Amounts = append(d.Amounts, new(big.Int).Set(amount))
	}
	if o.pot != nil {
		d.Pot = new(big.Int).Set(o.pot)
	}
	if x := o.extra; x != nil {
		d.Flow = x.flow
		d.Reason = x.reason
		d.Executions = x.executions
		d.Executed = x.executed
	}
	return d
}
