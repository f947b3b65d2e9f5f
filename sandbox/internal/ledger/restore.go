package ledger

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// Restore adds a dump to an empty ledger. clients must contain one id for each client of
// the dump, in the order of d.Clients. Orders continue as in the ledger from which the
// dump was made. If Restore returns an error, it may have restored a part of the dump.
func (l *Ledger) Restore(d Dump, clients []uuid.UUID) error {
	if len(d.Clients) != len(clients) {
		return fmt.Errorf("the dump has %d clients, expected %d", len(d.Clients), len(clients))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// These calls skip the ids that the dump already uses. Otherwise, a source of ids
	// that has a seed would return these ids again.
	for range d.IDs {
		l.newID()
	}
	l.placed = d.Placed
	for instrument, price := range d.Prices {
		if price == nil || price.Sign() <= 0 {
			return fmt.Errorf("price of %s: expected a price above 0", instrument)
		}
		l.prices[instrument] = price
	}
	for i, id := range clients {
		if err := l.restoreClient(l.client(id), d.Clients[i]); err != nil {
			return fmt.Errorf("client %d: %w", i+1, err)
		}
	}
	return nil
}

func (l *Ledger) restoreClient(c *client, d dumpedClient) error {
	for _, dumped := range d.Allocations {
		checked, err := newMix(dumped.Mix)
		if err != nil {
			return fmt.Errorf("allocation %s: %w", dumped.ID, err)
		}
		c.allocations.insert(&allocation{
			id: dumped.ID, created: dumped.Created, updated: dumped.Updated, name: dumped.Name, mix: checked,
		})
	}
	for _, dumped := range d.Accounts {
		if err := c.restoreAccount(dumped); err != nil {
			return fmt.Errorf("account %s: %w", dumped.ID, err)
		}
	}
	// The orders are restored in the order in which they were placed, because each
	// account keeps its orders in this order.
	byPlace := func(a, b dumpedOrder) int { return cmp.Compare(a.Placed, b.Placed) }
	for _, dumped := range slices.SortedFunc(slices.Values(d.Orders), byPlace) {
		restored, err := c.restoreOrder(dumped)
		if err != nil {
			return fmt.Errorf("order %s: %w", dumped.ID, err)
		}
		c.orders.insert(restored)
		l.resume(restored)
	}
	for _, dumped := range d.Executions {
		restored := &execution{
			id:          dumped.ID,
			created:     dumped.Created,
			accounts:    dumped.Accounts,
			allocations: dumped.Allocations,
		}
		for _, id := range dumped.Orders {
			placed := c.orders.get(id)
			if placed == nil {
				return fmt.Errorf("execution %s: there is no order %s", dumped.ID, id)
			}
			restored.orders = append(restored.orders, placed)
		}
		c.executions[restored.id] = restored
	}
	return nil
}

func (c *client) restoreAccount(d dumpedAccount) error {
	restored := c.account(d.ID)
	if d.Cash == nil || d.Cash.Sign() < 0 {
		return errors.New("cash: expected 0 or more")
	}
	restored.cash = *d.Cash
	for instrument, held := range d.Held {
		if held == nil || held.Sign() < 0 {
			return fmt.Errorf("held: expected 0 or more of %s", instrument)
		}
		restored.position(instrument).held = tight(held)
	}
	if d.Configuration == nil {
		return nil
	}
	followed, err := c.allocation(d.Configuration.AllocationID)
	if err != nil {
		return err
	}
	made := c.configure(restored, followed, d.Configuration.Created)
	made.updated = d.Configuration.Updated
	made.strategyIDs = d.Configuration.StrategyIDs
	return nil
}

func (c *client) restoreOrder(d dumpedOrder) (*order, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	o := &order{
		id:          d.ID,
		account:     c.account(d.AccountID),
		userID:      d.UserID,
		kind:        d.Kind,
		cash:        d.Cash,
		created:     d.Created,
		updated:     d.Updated,
		status:      d.Status,
		instruments: d.Instruments,
		amounts:     d.Amounts,
		pot:         d.Pot,
		sales:       d.Sales,
		filled:      d.Filled,
		placed:      d.Placed,
		postTax:     d.PostTax,
		settles:     d.Settles,
	}
	if d.Flow != "" || d.Reason != "" || d.Executions != nil {
		o.extra = &extra{flow: d.Flow, reason: d.Reason, executions: d.Executions, executed: d.Executed}
	}
	var err error
	if d.AllocationID != uuid.Nil {
		o.allocation, err = c.allocation(d.AllocationID)
		if err != nil {
			return nil, err
		}
	}
	if d.Mix != nil {
		o.mix, err = newMix(d.Mix)
	}
	return o, err
}

// check refuses an order whose fields contradict each other, because the ledger could not
// continue such an order.
func (d dumpedOrder) check() error {
	if _, err := api.NewAmount(d.Cash); err != nil {
		return fmt.Errorf("cash: %w", err)
	}
	parts := len(d.Instruments)
	if d.Filled < 0 || int(d.Filled) > parts || d.Sales < 0 || int(d.Sales) > parts {
		return errors.New("filled, sales: expected 0 to the number of instruments")
	}
	if d.Executions != nil && len(d.Executions) != parts {
		return errors.New("executions: expected as many executions as instruments")
	}
	switch d.Status {
	case contract.OrderStatusNEW:
		if d.Mix == nil && d.Kind != contract.OrderTypeLIQUIDATION {
			return errors.New("mix: expected a mix for an order that is NEW")
		}
	case contract.OrderStatusPROCESSING:
		return d.checkOpen()
	default:
	}
	return nil
}

// checkOpen checks the fields that the ledger needs to fill open individual orders.
func (d dumpedOrder) checkOpen() error {
	if len(d.Amounts) != len(d.Instruments) || slices.Contains(d.Amounts, nil) {
		return errors.New("amounts: expected as many amounts as instruments")
	}
	if d.Pot == nil && (d.Kind == contract.OrderTypeREBALANCING || d.Kind == contract.OrderTypeLIQUIDATION) {
		return errors.New("pot: expected an amount")
	}
	return nil
}

// resume adds an order to its account, and its next transition to the account's schedule.
func (l *Ledger) resume(o *order) {
	o.account.keep(o)
	if o.done() {
		return
	}
	if o.amounts != nil {
		for i := int(o.filled); i < int(o.sales); i++ {
			o.account.promise(o.instruments[i], o.amounts[i])
		}
	}
	heap.Push(&o.account.due, step{at: o.next(l.options.OrderDelay), order: o})
}
