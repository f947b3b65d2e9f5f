package ledger

import (
	"math/big"
	"slices"
)

// These are the instruments for which Upvest documents a special behavior in Upvest's
// sandbox.
//
// Source: the guide "Sandbox mock ISINs". An order for mockParts is executed in up to 5
// parts: 1 part below 101 EUR, 2 parts below 201 EUR and so on. An order for
// mockCancelled is executed in part and then cancelled. Choices: the parts are equal. An
// order for mockCancelled has two parts, of which the first is executed. Then the whole
// portfolio order is cancelled. Its individual orders that are FILLED stay FILLED. Every
// instrument has the initial price 1.
const (
	mockParts     = "IE00B5M1WJ87"
	mockCancelled = "IE00BF2GFH28"
)

// mock plans the executions of the individual orders if at least one of them is for a
// mock instrument.
func (o *order) mock(current prices) {
	isMock := func(instrument string) bool { return instrument == mockParts || instrument == mockCancelled }
	if !slices.ContainsFunc(o.instruments, isMock) {
		return
	}
	planned := make([]int, len(o.instruments))
	for i, instrument := range o.instruments {
		planned[i] = 1
		switch instrument {
		case mockParts:
			planned[i] = executionsOf(o.worth(i, current))
		case mockCancelled:
			planned[i] = 2
		}
	}
	o.extras().executions = planned
}

// worth returns the value of the individual order i in cash: the cash that a purchase
// spends, or the current value of the quantity that a sale sells.
func (o *order) worth(i int, current prices) *big.Int {
	if i < int(o.sales) {
		return current.value(o.instruments[i], o.amounts[i])
	}
	return o.amounts[i]
}

// executionsOf returns the number of parts in which an order for mockParts is executed.
func executionsOf(cash *big.Int) int {
	const most = 5
	for parts := 1; parts < most; parts++ {
		limit := big.NewInt(int64(100*parts + 1))
		if cash.Cmp(limit.Mul(limit, priceUnits)) < 0 {
			return parts
		}
	}
	return most
}

// executions returns how many executions of the order's individual orders are done, and
// how many are planned in all.
func (o *order) executions() (done, all int) {
	if o.extra == nil || o.extra.executions == nil {
		return int(o.filled), len(o.instruments)
	}
	for i, planned := range o.extra.executions {
		all += planned
		if i < int(o.filled) {
			done += planned
		}
	}
	return done + o.extra.executed, all
}

// executionsLeft returns how many executions of the individual order i remain. This must
// be the first individual order that is not FILLED.
func (o *order) executionsLeft(i int) int {
	if o.extra == nil || o.extra.executions == nil {
		return 1
	}
	return o.extra.executions[i] - o.extra.executed
}
