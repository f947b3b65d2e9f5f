package ledger

import (
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// account is what an account of one client holds, and the orders that change it.
//
// Choice: no price moves by itself. A position is worth what was paid for it less what
// was sold of it, until SetPrice changes it.
//
// The fields that placing an order reads come first: with a million accounts, each
// further cache line costs time.
type account struct {
	due schedule
	// Most accounts have few orders, and an index for each of them would take more memory
	// than the orders do.
	latest        *order        // the first of a chain of all orders
	many          *index[order] // all orders, once there are more than fewOrders
	count         int32
	configured    bool // whether configuration is valid
	configuration configuration

	id        uuid.UUID
	positions []position // sorted by instrument
	cash      big.Int    // what rebalancings have sold and not spent
}

// fewOrders is how many orders an account keeps without an index.
const fewOrders = 32

// keep adds an order to those of the account.
func (a *account) keep(o *order) {
	o.previous = a.latest
	a.latest = o
	a.count++
	if a.many != nil {
		a.many.insert(o)
	} else if a.count > fewOrders {
		orders := a.indexed()
		a.many = &orders
	}
}

// indexed returns the orders of the account in the order of lists. The account may be
// nil.
func (a *account) indexed() index[order] {
	if a != nil && a.many != nil {
		return *a.many
	}
	orders := newIndex((*order).key)
	if a != nil {
		for o := a.latest; o != nil; o = o.previous {
			orders.insert(o)
		}
	}
	return orders
}

// position is the cash value of one instrument in an account, in units of 10^-27.
type position struct {
	instrument string // in the form of instrumentKey
	held       big.Int
	promised   big.Int // the part of held that open individual orders are going to sell
}

// account returns the account's state. It is empty if nothing was ordered for the account
// yet.
func (c *client) account(id uuid.UUID) *account {
	found := c.accounts[id]
	if found == nil {
		found = &account{id: id}
		c.accounts[id] = found
	}
	return found
}

// free returns what can be sold: the instruments in a fixed order, and the value of each
// that no open order is going to sell.
func (a *account) free() (instruments []string, values []*big.Int) {
	for i := range a.positions {
		p := &a.positions[i]
		value := new(big.Int).Sub(&p.held, &p.promised)
		if value.Sign() > 0 {
			instruments = append(instruments, p.instrument)
			values = append(values, value)
		}
	}
	return instruments, values
}

// takeCash removes the cash from the account and returns it.
func (a *account) takeCash() *big.Int {
	taken := a.cash
	a.cash = big.Int{}
	return &taken
}

func (a *account) find(instrument string) (at int, found bool) {
	return slices.BinarySearchFunc(a.positions, instrument, func(p position, wanted string) int {
		return strings.Compare(p.instrument, wanted)
	})
}

// position returns the position in an instrument, and adds one if there is none. An
// individual order can outlive its position: its share of a tiny position may be zero,
// and another order can sell the position meanwhile.
func (a *account) position(instrument string) *position {
	at, found := a.find(instrument)
	if !found {
		a.positions = slices.Insert(a.positions, at, position{instrument: instrument})
	}
	return &a.positions[at]
}

// promise reserves the value of a sale, so that no other order sells it too.
func (a *account) promise(instrument string, amount *big.Int) {
	p := a.position(instrument)
	p.promised = tight(new(big.Int).Add(&p.promised, amount))
}

// release undoes promise.
func (a *account) release(instrument string, amount *big.Int) {
	p := a.position(instrument)
	p.promised = tight(new(big.Int).Sub(&p.promised, amount))
}

// book applies an individual order that has been filled.
func (a *account) book(instrument string, side contract.Side, amount *big.Int) {
	held := new(big.Int)
	if side == contract.SideSELL {
		a.release(instrument, amount)
		held.Sub(&a.position(instrument).held, amount)
	} else {
		held.Add(&a.position(instrument).held, amount)
	}
	at, _ := a.find(instrument)
	if held.Sign() == 0 {
		a.positions = slices.Delete(a.positions, at, at+1)
		return
	}
	a.positions[at].held = tight(held)
}

// tight copies a number without the spare capacity of math/big. Each position stores two
// of them.
func tight(number *big.Int) (copied big.Int) {
	copied.SetBits(slices.Clone(number.Bits()))
	return copied
}
