package ledger

import (
	"container/heap"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// saleLimit is the largest share of an account's value that a SELL may request, in
// tenths.
//
// Source: the portfolios guide: a SELL over 90 percent of the value is cancelled.
const saleLimit = 9

// advance applies the transitions of the account's orders that are due at now, in
// chronological order. Transitions at the same instant are applied in the order in which
// their orders were placed.
func (l *Ledger) advance(a *account, now time.Time) {
	for len(a.due) > 0 {
		next := &a.due[0]
		if next.order.done() {
			heap.Pop(&a.due)
			continue
		}
		if next.at.After(now) {
			return
		}
		next.order.step(next.at, l.prices)
		next.at = next.order.next(l.options.OrderDelay)
		heap.Fix(&a.due, 0)
	}
	a.due = nil
}

// step applies the next transition of the order, which is due at the given instant.
//
// Choices: the individual orders of an order fill one after the other. Their executions
// are evenly spaced over the time during which the order is PROCESSING. The last
// individual order fills when the order becomes FILLED. Each execution sets updated_at.
func (o *order) step(at time.Time, current prices) {
	o.updated = latest(o.updated, at)
	switch o.status {
	case contract.OrderStatusNEW:
		o.status = contract.OrderStatusPROCESSING
		o.split(current)
	case contract.OrderStatusFILLED:
		o.status = orderSettled
	default:
		o.fill(at, current)
	}
}

// fill carries out the next execution of the first individual order that is not FILLED.
// After the last execution, the order is FILLED. If the individual order is for
// mockCancelled, fill cancels the whole order instead of the last execution.
func (o *order) fill(at time.Time, current prices) {
	if i := int(o.filled); i < len(o.instruments) {
		left := o.executionsLeft(i)
		switch {
		case left > 1:
			part := new(big.Int).Quo(o.amounts[i], big.NewInt(int64(left)))
			o.execute(i, part, current)
			o.amounts[i].Sub(o.amounts[i], part)
			o.extra.executed++
		case o.instruments[i] == mockCancelled:
			o.cancel(at, later.CancellationReasonCANCELLEDBYUPVEST)
			return
		default:
			o.execute(i, o.amounts[i], current)
			o.filled++
			if o.extra != nil {
				o.extra.executed = 0
			}
		}
	}
	if int(o.filled) == len(o.instruments) {
		o.end(contract.OrderStatusFILLED)
	}
}

// next returns the instant of the order's next transition. This transition makes the
// order PROCESSING, executes an individual order in full or in part, makes an order
// without individual orders FILLED, or makes a FILLED order SETTLED.
func (o *order) next(delay time.Duration) time.Time {
	started := o.created.Add(delay)
	done, all := o.executions()
	switch {
	case o.status == contract.OrderStatusNEW:
		return started
	case o.status == contract.OrderStatusFILLED:
		return started.Add(2 * delay)
	case all-done <= 1:
		return started.Add(delay)
	default:
		return started.Add(delay / time.Duration(all) * time.Duration(done+1))
	}
}

// split creates the individual orders when the order becomes PROCESSING. If the order is
// a SELL that is too large, split cancels the order instead.
//
// Source: the portfolios guide: a BUY is split by target weights, and a SELL by current
// values. Choices: the value of the account excludes what earlier open orders are going
// to buy or sell, so that nothing is sold twice. The size of a SELL is checked here
// instead of when the SELL is placed, so a SELL that is too large is first accepted as
// NEW.
func (o *order) split(current prices) {
	instruments, quantities := o.account.free()
	values := current.values(instruments, quantities)
	switch o.kind {
	case contract.OrderTypeBUY:
		o.instruments = o.mix.instruments
		o.amounts = share(scaled(o.cash, amountDecimals), o.mix.weights)
	case contract.OrderTypeSELL:
		amount := scaled(o.cash, amountDecimals)
		o.instruments = instruments
		o.sales = int32(len(values))
		if exceedsSaleLimit(amount, sum(values)) {
			o.end(contract.OrderStatusCANCELLED)
			o.extras().reason = later.CancellationReasonSELLLIMITEXCEEDED
			return
		}
		o.amounts = share(amount, values)
		for i, part := range o.amounts {
			o.amounts[i] = proportion(quantities[i], part, values[i])
		}
	case contract.OrderTypeLIQUIDATION:
		o.instruments = instruments
		o.amounts = quantities
		o.sales = int32(len(quantities))
		o.pot = o.account.takeCash()
	case contract.OrderTypeREBALANCING:
		o.pot = o.account.takeCash()
		o.rebalance(instruments, quantities, values)
	}
	for i := range int(o.sales) {
		o.account.promise(o.instruments[i], o.amounts[i])
	}
	o.mock(current)
}

func exceedsSaleLimit(amount, total *big.Int) bool {
	asked := new(big.Int).Mul(amount, big.NewInt(10))
	allowed := new(big.Int).Mul(total, big.NewInt(saleLimit))
	return asked.Cmp(allowed) > 0
}

// rebalance creates the individual orders that redistribute the positions and the cash in
// the pot according to the weights of the mix.
//
// Choices: an instrument that already has its target value gets no individual order. In
// an empty account, every target value is zero, so the order has no individual orders.
// Sales come before purchases.
func (o *order) rebalance(instruments []string, quantities, values []*big.Int) {
	missing := map[string]*big.Int{}
	total := sum(values)
	for i, wanted := range share(total.Add(total, o.pot), o.mix.weights) {
		missing[o.mix.instruments[i]] = wanted
	}
	for i, instrument := range instruments {
		if missing[instrument] == nil {
			missing[instrument] = new(big.Int)
		}
		missing[instrument].Sub(missing[instrument], values[i])
	}
	for i, instrument := range instruments {
		if amount := missing[instrument]; amount.Sign() < 0 {
			o.instruments = append(o.instruments, instrument)
			o.amounts = append(o.amounts, proportion(quantities[i], new(big.Int).Abs(amount), values[i]))
		}
	}
	o.sales = int32(len(o.instruments))
	for _, instrument := range slices.Sorted(maps.Keys(missing)) {
		if amount := missing[instrument]; amount.Sign() > 0 {
			o.instruments = append(o.instruments, instrument)
			o.amounts = append(o.amounts, amount)
		}
	}
}

// cancel stops an order whose account has been advanced to now. Individual orders that
// are FILLED stay FILLED.
func (o *order) cancel(now time.Time, reason later.CancellationReason) {
	o.extras().reason = reason
	for i := int(o.filled); i < int(o.sales); i++ {
		o.account.release(o.instruments[i], o.amounts[i])
	}
	o.updated = latest(o.updated, now)
	o.end(contract.OrderStatusCANCELLED)
}

// execute carries out a part of the individual order i. The part is a quantity to sell,
// or an amount of cash to spend. In a rebalancing, sales add to the pot, and purchases
// spend no more than the pot contains, because prices may have changed since the
// purchases were created.
//
// Choice: outside of rebalancings, the proceeds of a sale leave the account, and the cash
// for a purchase comes from outside the account.
func (o *order) execute(i int, part *big.Int, at prices) {
	instrument := o.instruments[i]
	rebalances := o.kind == contract.OrderTypeREBALANCING
	if o.side(i) == contract.SideSELL {
		if rebalances {
			o.pot.Add(o.pot, at.value(instrument, part))
		}
		o.account.book(instrument, contract.SideSELL, part)
		return
	}
	cash := part
	if rebalances {
		if cash.Cmp(o.pot) > 0 {
			cash = new(big.Int).Set(o.pot)
		}
		o.pot.Sub(o.pot, cash)
	}
	o.account.book(instrument, contract.SideBUY, at.quantity(instrument, cash))
}

// end makes the order FILLED or CANCELLED.
//
// Choice: what is left in the pot of a rebalancing or of a cancelled order goes back to
// the account as cash, so a rebalancing that is cancelled between its sales and its
// purchases loses nothing. The next rebalancing invests this cash, or the next
// liquidation pays it out. A liquidation that is FILLED has paid out its pot.
func (o *order) end(status contract.OrderStatus) {
	if o.pot != nil && (status == contract.OrderStatusCANCELLED || o.kind == contract.OrderTypeREBALANCING) {
		o.account.cash.Add(&o.account.cash, o.pot)
	}
	o.status = status
	o.amounts = nil
	o.pot = nil
}

// step is the next transition of an order.
type step struct {
	at    time.Time
	order *order
}

// schedule is a heap of steps, ordered by instant. The step of a cancelled order stays in
// the heap until it comes first.
//
//nolint:recvcheck // container/heap needs pointers only for Push and Pop
type schedule []step

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	if order := s[i].at.Compare(s[j].at); order != 0 {
		return order < 0
	}
	return s[i].order.placed < s[j].order.placed
}

func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements [heap.Interface].
func (s *schedule) Push(item any) {
	*s = append(*s, item.(step)) //nolint:forcetypeassert // only steps are pushed
}

// Pop implements [heap.Interface].
func (s *schedule) Pop() any {
	last := len(*s) - 1
	item := (*s)[last]
	(*s)[last] = step{}
	*s = (*s)[:last]
	return item
}
