package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// State is what an API client has before its first request.
type State struct {
	Allocations []LoadedAllocation
	Accounts    []LoadedAccount
}

// LoadedAllocation is an allocation with a given id.
type LoadedAllocation struct {
	ID      uuid.UUID
	Request contract.AllocationRequest
}

// LoadedAccount is an account with its holdings. Holdings maps each instrument to the
// value of the holding in cash. The account has a configuration if AllocationID is not
// zero.
type LoadedAccount struct {
	ID, AllocationID uuid.UUID
	Holdings         map[api.InstrumentID]api.Decimal
}

// Load adds the state to the state of the calling client (see [WithCall]). It records no
// effects. If Load returns an error, it may have loaded a part of the state.
func (l *Ledger) Load(ctx context.Context, s State) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	for _, loaded := range s.Allocations {
		if err := c.loadAllocation(loaded, now); err != nil {
			return fmt.Errorf("allocation %s: %w", loaded.ID, err)
		}
	}
	for _, loaded := range s.Accounts {
		if err := l.loadAccount(c, loaded, now); err != nil {
			return fmt.Errorf("account %s: %w", loaded.ID, err)
		}
	}
	return nil
}

func (c *client) loadAllocation(loaded LoadedAllocation, now time.Time) error {
	checked, err := newMix(loaded.Request.Allocation)
	if err != nil {
		return err
	}
	if loaded.ID == uuid.Nil || c.allocations.get(loaded.ID) != nil {
		return errors.New("expected an id that is not zero and that is listed only once")
	}
	c.addAllocation(loaded.ID, loaded.Request.Name, checked, now)
	return nil
}

func (l *Ledger) loadAccount(c *client, loaded LoadedAccount, now time.Time) error {
	if err := l.checkAccount(loaded.ID); err != nil {
		return err
	}
	if c.accounts[loaded.ID] != nil {
		return errors.New("expected every account once")
	}
	account := c.account(loaded.ID)
	if loaded.AllocationID != uuid.Nil {
		followed, err := c.allocation(loaded.AllocationID)
		if err != nil {
			return err
		}
		c.configure(account, followed, now)
	}
	for id, value := range loaded.Holdings {
		if err := checkInstrument(id); err != nil {
			return fmt.Errorf("holding %w", err)
		}
		amount, err := readAmount(value)
		if err != nil {
			return fmt.Errorf("holding %s: %w", id, err)
		}
		if amount.Sign() > 0 {
			key := instrumentKey(id)
			account.position(key).held = tight(l.prices.quantity(key, amount))
		}
	}
	return nil
}

func checkInstrument(id api.InstrumentID) error {
	if id.IsISIN() || id.IsUpvestID() {
		return nil
	}
	return fmt.Errorf("%q: expected an ISIN or a UUID of version 0 to 5", id)
}

// readAmount parses an amount of cash, and returns it in units of 10^-27.
func readAmount(text api.Decimal) (*big.Int, error) {
	if _, err := api.NewAmount(string(text)); err != nil {
		return nil, err
	}
	return scaled(string(text), amountDecimals), nil
}
