package ledger

import (
	"maps"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// account is what an account of one client holds and the orders that work on it.
//
// Choice: no price moves. A position is worth what was paid for it less what was sold of it.
type account struct {
	positions map[string]*position // by instrumentKey
	due       schedule
	orders    []*order // sorted by id
}

// position is the cash value of one instrument in an account, in units of 10^-27.
type position struct {
	held     big.Int
	promised big.Int // the part of held that open individual orders are going to sell
}

// account returns the account's state, empty if nothing was ordered for it yet.
func (c *client) account(id uuid.UUID) *account {
	if found := c.accounts[id]; found != nil {
		return found
	}
	return &account{positions: map[string]*position{}}
}

// free returns what can be sold: the instruments in a fixed order, and of each the value that no open order is going to sell.
func (a *account) free() (instruments []string, values []*big.Int) {
	for _, instrument := range slices.Sorted(maps.Keys(a.positions)) {
		p := a.positions[instrument]
		if value := new(big.Int).Sub(&p.held, &p.promised); value.Sign() > 0 {
			instruments, values = append(instruments, instrument), append(values, value)
		}
	}
	return instruments, values
}

// position returns the position in an instrument, a new one if there is none. An individual order can outlive its position: its share
// of a tiny one may be zero, and another order can sell the position meanwhile.
func (a *account) position(instrument string) *position {
	found := a.positions[instrument]
	if found == nil {
		found = &position{}
		a.positions[instrument] = found
	}
	return found
}

// promise sets the value of an individual order aside, so that no other order sells it as well.
func (a *account) promise(p part) {
	if p.side == contract.SideSELL {
		at := a.position(p.instrument)
		at.promised.Add(&at.promised, p.amount)
	}
}

// release takes back what promise did.
func (a *account) release(p part) {
	if p.side == contract.SideSELL {
		at := a.position(p.instrument)
		at.promised.Sub(&at.promised, p.amount)
	}
}

// book applies an individual order that has been filled.
func (a *account) book(p part) {
	a.release(p)
	at := a.position(p.instrument)
	if p.side == contract.SideBUY {
		at.held.Add(&at.held, p.amount)
	} else {
		at.held.Sub(&at.held, p.amount)
	}
	if at.held.Sign() == 0 {
		delete(a.positions, p.instrument)
	}
}
