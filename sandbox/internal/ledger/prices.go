package ledger

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// SetPrices sets the prices of instruments. Each is 1 until then. The value of what
// accounts hold of an instrument, and of what their open individual orders are still
// going to sell, changes in proportion. After an error no price has changed.
func (l *Ledger) SetPrices(prices map[api.InstrumentID]api.Decimal) error {
	changes := make(map[string]*big.Int, len(prices))
	for _, id := range slices.Sorted(maps.Keys(prices)) {
		to, err := readPrice(id, prices[id])
		if err != nil {
			return err
		}
		key := instrumentKey(id)
		if changes[key] != nil {
			return fmt.Errorf("price of %s: given twice, in two spellings", id)
		}
		changes[key] = to
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for key, to := range changes {
		l.setPrice(key, to, now)
	}
	return nil
}

// readPrice returns a price in units of 10^-27.
func readPrice(id api.InstrumentID, price api.Decimal) (*big.Int, error) {
	if err := checkInstrument(id); err != nil {
		return nil, fmt.Errorf("instrument %w", err)
	}
	to, err := readAmount(price)
	if err != nil {
		return nil, fmt.Errorf("price of %s: %w", id, err)
	}
	if to.Sign() == 0 {
		return nil, fmt.Errorf("price of %s: expected one above 0", id)
	}
	return to, nil
}

// setPrice sets the price of one instrument. The ledger must be locked.
func (l *Ledger) setPrice(key string, to *big.Int, now time.Time) {
	from := l.prices[key]
	if from == nil {
		from = scaled("1", amountDecimals)
	}
	l.prices[key] = to
	for _, c := range l.clients {
		for _, a := range c.accounts {
			l.advance(a, now)
			a.revalue(key, from, to)
		}
	}
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
