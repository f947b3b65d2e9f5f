package ledger

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// SetPrices sets the prices of instruments. Each price is 1 until it is set. The value of
// the holdings and open sales of an instrument changes in proportion to its price. If
// SetPrices returns an error, no price has changed.
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
	// Executions that are already due use the old prices.
	for _, c := range l.clients {
		for _, a := range c.accounts {
			l.advance(a, now)
		}
	}
	maps.Copy(l.prices, changes)
	return nil
}

// readPrice checks an instrument id and a price, and returns the price in units of
// 10^-27.
func readPrice(id api.InstrumentID, price api.Decimal) (*big.Int, error) {
	if err := checkInstrument(id); err != nil {
		return nil, fmt.Errorf("instrument %w", err)
	}
	to, err := readAmount(price)
	if err != nil {
		return nil, fmt.Errorf("price of %s: %w", id, err)
	}
	if to.Sign() == 0 || to.Cmp(quantityUnits) >= 0 {
		return nil, fmt.Errorf("price of %s: expected a price above 0 and below 10^%d", id, amountDecimals)
	}
	return to, nil
}

// quantityUnits is 1 in units of 10^-54, and priceUnits is 1 in units of 10^-27.
// Quantities have more fraction digits than cash, so that a quantity bought for an amount
// is worth exactly that amount.
var (
	quantityUnits = new(big.Int).Exp(big.NewInt(10), big.NewInt(54), nil)
	priceUnits    = new(big.Int).Exp(big.NewInt(10), big.NewInt(amountDecimals), nil)
)

// prices maps instrumentKeys to prices in units of 10^-27. An instrument without an entry
// has the price 1.
type prices map[string]*big.Int

func (p prices) of(instrument string) *big.Int {
	if price := p[instrument]; price != nil {
		return price
	}
	return priceUnits
}

// value returns the cash that a quantity of an instrument is worth.
func (p prices) value(instrument string, quantity *big.Int) *big.Int {
	return proportion(quantity, p.of(instrument), quantityUnits)
}

// quantity returns the quantity of an instrument that cash buys.
func (p prices) quantity(instrument string, cash *big.Int) *big.Int {
	return proportion(cash, quantityUnits, p.of(instrument))
}

// values returns the value of each quantity. The instrument of quantities[i] is
// instruments[i].
func (p prices) values(instruments []string, quantities []*big.Int) []*big.Int {
	values := make([]*big.Int, len(quantities))
	for i, quantity := range quantities {
		values[i] = p.value(instruments[i], quantity)
	}
	return values
}

// proportion returns whole * part / of, rounded to the nearest integer. No argument may
// be below zero. It returns 0 if the argument `of` is 0.
func proportion(whole, part, of *big.Int) *big.Int {
	result := new(big.Int)
	if of.Sign() == 0 {
		return result
	}
	result.Mul(whole, part)
	result.Lsh(result, 1)
	result.Add(result, of)
	return result.Quo(result, new(big.Int).Lsh(of, 1))
}
