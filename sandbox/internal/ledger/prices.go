package ledger

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// SetPrice sets the price of an instrument, which is 1 until then. The value of what
// accounts hold of it, and of what their open individual orders are still going to sell,
// changes in proportion.
func (l *Ledger) SetPrice(id api.InstrumentID, price api.Decimal) error {
	if err := checkInstrument(id); err != nil {
		return fmt.Errorf("instrument %w", err)
	}
	to, err := readAmount(price)
	if err != nil {
		return fmt.Errorf("price of %s: %w", id, err)
	}
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
	now := l.now()
	for _, c := range l.clients {
		for _, a := range c.accounts {
			l.advance(a, now)
			a.revalue(key, from, to)
		}
	}
	return nil
}

// revalue changes the values of an instrument from one price to another. It sums what is
// promised again from the orders, because each of their parts is rounded separately.
func (a *account) revalue(instrument string, from, to *big.Int) {
	at, held := a.find(instrument)
	if !held {
		return
	}
	move := func(value *big.Int) *big.Int {
		moved := new(big.Int).Mul(value, to)
		return moved.Quo(moved, from)
	}
	promised := new(big.Int)
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
	p := &a.positions[at]
	p.held = tight(move(&p.held))
	p.promised = tight(promised)
	if p.held.Sign() == 0 && promised.Sign() == 0 {
		a.positions = slices.Delete(a.positions, at, at+1)
	}
}
