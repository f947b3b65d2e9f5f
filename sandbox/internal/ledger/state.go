package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// State is what a client has before its first request.
type State struct {
	Allocations []LoadedAllocation
	Accounts    []LoadedAccount
}

// LoadedAllocation is an allocation with an id of its own.
type LoadedAllocation struct {
	ID      uuid.UUID
	Request contract.AllocationRequest
}

// LoadedAccount is an account with its configuration, if AllocationID is not zero, and with what it holds: instruments and their values in
// cash.
type LoadedAccount struct {
	ID, AllocationID uuid.UUID
	Holdings         map[api.InstrumentID]api.Decimal
}

// Load adds the state to what the client of the context has. It makes no effects. After an error, a part of the state is there.
func (l *Ledger) Load(ctx context.Context, s State) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	for _, loaded := range s.Allocations {
		checked, err := newMix(loaded.Request.Allocation)
		switch {
		case err != nil:
			return fmt.Errorf("allocation %s: %w", loaded.ID, err)
		case loaded.ID == uuid.Nil || c.allocations.get(loaded.ID) != nil:
			return fmt.Errorf("allocation %s: expected an id that is not zero, once", loaded.ID)
		}
		a := &allocation{id: loaded.ID, created: now, updated: now, mix: checked, name: fmt.Sprintf("Allocation %d", c.allocations.len()+1)}
		if loaded.Request.Name != nil {
			a.name = *loaded.Request.Name
		}
		c.allocations.insert(a)
	}
	for _, loaded := range s.Accounts {
		if err := l.loadAccount(c, loaded); err != nil {
			return fmt.Errorf("account %s: %w", loaded.ID, err)
		}
	}
	return nil
}

func (l *Ledger) loadAccount(c *client, loaded LoadedAccount) error {
	if err := l.checkAccount(loaded.ID); err != nil {
		return err
	}
	if c.accounts[loaded.ID] != nil {
		return errors.New("expected every account once")
	}
	account, now := c.account(loaded.ID), l.options.Now().UTC().Round(0)
	if loaded.AllocationID != uuid.Nil {
		followed, err := c.allocation(loaded.AllocationID)
		if err != nil {
			return err
		}
		c.configure(account, followed, now)
	}
	for id, value := range loaded.Holdings {
		if !id.IsISIN() && !id.IsUpvestID() {
			return fmt.Errorf("holding %q: expected an ISIN or a UUID of version 0 to 5", id)
		}
		if _, err := api.NewAmount(string(value)); err != nil {
			return fmt.Errorf("holding %s: %w", id, err)
		}
		if amount := scaled(string(value), amountDecimals); amount.Sign() > 0 {
			account.position(instrumentKey(id)).held = tight(amount)
		}
	}
	return nil
}

// SetPrice gives an instrument a price; each begins with 1. What accounts hold of it, and what their open individual orders are still going
// to sell, changes its value in proportion.
func (l *Ledger) SetPrice(id api.InstrumentID, price api.Decimal) error {
	if !id.IsISIN() && !id.IsUpvestID() {
		return fmt.Errorf("instrument %q: expected an ISIN or a UUID of version 0 to 5", id)
	}
	if _, err := api.NewAmount(string(price)); err != nil {
		return fmt.Errorf("price of %s: %w", id, err)
	}
	to := scaled(string(price), amountDecimals)
	if to.Sign() == 0 {
		return fmt.Errorf("price of %s: expected one above 0", id)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := instrumentKey(id)
	from := l.prices[key]
	if from == nil {
		from = scaled("1", amountDecimals)
	}
	l.prices[key] = to
	for _, c := range l.clients {
		for _, a := range c.accounts {
			l.advance(a, l.options.Now().UTC().Round(0))
			a.revalue(key, from, to)
		}
	}
	return nil
}

// revalue follows a price. What is promised is counted again from the orders, as each of their parts is rounded by itself.
func (a *account) revalue(instrument string, from, to *big.Int) {
	at, held := a.find(instrument)
	if !held {
		return
	}
	move := func(value *big.Int) *big.Int {
		moved := new(big.Int).Mul(value, to)
		return moved.Quo(moved, from)
	}
	p, promised := &a.positions[at], new(big.Int)
	for _, next := range a.due {
		o := next.order
		if o.done() || o.amounts == nil {
			continue
		}
		for i := int(o.filled); i < int(o.sales); i++ {
			if o.instruments[i] == instrument {
				o.amounts[i] = move(o.amounts[i])
				promised.Add(promised, o.amounts[i])
			}
		}
	}
	p.held, p.promised = tight(move(&p.held)), tight(promised)
	if p.held.Sign() == 0 && promised.Sign() == 0 {
		a.positions = slices.Delete(a.positions, at, at+1)
	}
}
