package ledger

import (
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// account is one client's view of an account: what the account holds, and the orders that
// change it.
//
// Choice: prices do not change on their own, see [Ledger.SetPrices].
//
// The fields that are read when an order is placed come first. With a million accounts,
// each additional cache line that is read costs time.
type account struct {
	due schedule
	// Most accounts have few orders, and an index per account would take more memory than
	// the orders themselves. latest is the newest order, and the field `previous` of each
	// order is the next older one.
	latest        *order
	many          *index[order] // all orders, once there are more than fewOrders
	count         int32
	configured    bool // whether configuration is valid
	configuration configuration

	id        uuid.UUID
	positions []position // sorted by instrument
	cash      big.Int    // proceeds that rebalancings have not spent
}

// fewOrders is the largest number of orders that an account keeps without an index.
const fewOrders = 32

// keep adds an order to the account.
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

// indexed returns the orders of the account, sorted by id. The account may be nil.
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

// position is the quantity of one instrument in an account, in units of 10^-54. A
// quantity does not change with the price, so if a price changes and then changes back,
// the value is the same as before.
type position struct {
	instrument string // in the form of instrumentKey
	held       big.Int
	promised   big.Int // the part of held that open individual orders are going to sell
}

// account returns the client's state of an account. If the client has no state of the
// account yet, the method adds an empty one.
func (c *client) account(id uuid.UUID) *account {
	found := c.accounts[id]
	if found == nil {
		found = &account{id: id}
		c.accounts[id] = found
	}
	return found
}

// free returns what the account can sell: the instruments, sorted by key, and for each
// instrument the quantity that no open order is going to sell.
func (a *account) free() (instruments []string, quantities []*big.Int) {
	for i := range a.positions {
		p := &a.positions[i]
		quantity := new(big.Int).Sub(&p.held, &p.promised)
		if quantity.Sign() > 0 {
			instruments = append(instruments, p.instrument)
			quantities = append(quantities, quantity)
		}
	}
	return instruments, quantities
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

// position returns the account's position in an instrument. If the account has no such
// position, the method adds an empty one. A position can disappear before an individual
// order sells a part of it: if this part is rounded to zero, a different order can sell
// the whole position first.
func (a *account) position(instrument string) *position {
	at, found := a.find(instrument)
	if !found {
		a.positions = slices.Insert(a.positions, at, position{instrument: instrument})
	}
	return &a.positions[at]
}

// promise reserves the quantity of a sale, so that no other order sells it too.
func (a *account) promise(instrument string, quantity *big.Int) {
	p := a.position(instrument)
	p.promised = tight(new(big.Int).Add(&p.promised, quantity))
}

// release cancels the reservation that promise made.
func (a *account) release(instrument string, quantity *big.Int) {
	p := a.position(instrument)
	p.promised = tight(new(big.Int).Sub(&p.promised, quantity))
}

// book changes the position by the quantity that an individual order has bought or sold.
func (a *account) book(instrument string, side contract.Side, quantity *big.Int) {
	held := new(big.Int)
	if side == contract.SideSELL {
		a.release(instrument, quantity)
		held.Sub(&a.position(instrument).held, quantity)
	} else {
		held.Add(&a.position(instrument).held, quantity)
	}
	at, _ := a.find(instrument)
	if held.Sign() == 0 {
		a.positions = slices.Delete(a.positions, at, at+1)
		return
	}
	a.positions[at].held = tight(held)
}

// tight copies a number without the spare capacity that math/big allocates. Each position
// stores two such numbers.
func tight(number *big.Int) (copied big.Int) {
	copied.SetBits(slices.Clone(number.Bits()))
	return copied
}
