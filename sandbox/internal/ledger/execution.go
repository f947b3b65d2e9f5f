package ledger

import (
	"container/heap"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// saleLimit is the largest share of an account's value that a SELL may ask for, in tenths.
//
// Source: the portfolios guide: a SELL over 90 per cent of the value is cancelled.
const saleLimit = 9

// part is an individual order: a piece of a portfolio order, for one instrument.
type part struct {
	instrument string
	side       contract.Side
	amount     *big.Int
}

// advance applies to the account what has become due up to now, in the order of the instants, and of placement where these are equal.
func (a *account) advance(now time.Time) {
	for len(a.due) > 0 {
		next := a.due[0]
		if next.done() {
			heap.Pop(&a.due)
			continue
		}
		if next.next.After(now) {
			return
		}
		next.step()
		heap.Fix(&a.due, 0)
	}
}

// step makes the transition that is due at o.next and sets the instant of the one after it.
//
// Choices: the individual orders of an order fill one after the other, evenly spaced over the time that it is PROCESSING, the last one
// when the order becomes FILLED; each fill moves updated_at, because it changes what the order shows.
func (o *order) step() {
	o.updated = o.next
	if o.status == contract.OrderStatusNEW {
		o.status = contract.OrderStatusPROCESSING
		o.split()
		o.next = o.fillTime()
		return
	}
	if o.filled < len(o.parts) {
		o.account.book(o.parts[o.filled])
		o.filled++
	}
	if o.filled == len(o.parts) {
		o.status = contract.OrderStatusFILLED
		return
	}
	o.next = o.fillTime()
}

// fillTime is the instant at which the first individual order that is still open fills, or the order if it has none.
func (o *order) fillTime() time.Time {
	started := o.created.Add(o.delay)
	if o.filled+1 >= len(o.parts) {
		return started.Add(o.delay)
	}
	return started.Add(o.delay / time.Duration(len(o.parts)) * time.Duration(o.filled+1))
}

// split makes the individual orders from what the account holds at this moment, or cancels the order.
//
// Source: the portfolios guide: a BUY is split by target weights, a SELL by current value.
// Choices: what earlier open orders are going to sell no longer counts as value, so that nothing is sold twice; what they are going to
// buy does not count yet. A SELL is checked here and not when it is placed, so one that is too large is accepted as NEW first.
func (o *order) split() {
	instruments, values := o.account.free()
	switch o.kind {
	case contract.OrderTypeBUY:
		o.parts = makeParts(contract.SideBUY, o.mix.instruments, share(o.amount, o.mix.weights))
	case contract.OrderTypeSELL:
		o.parts = makeParts(contract.SideSELL, instruments, share(o.amount, values))
		total := sum(values)
		asked := new(big.Int).Mul(o.amount, big.NewInt(10))
		if asked.Cmp(total.Mul(total, big.NewInt(saleLimit))) > 0 {
			o.status = contract.OrderStatusCANCELLED
			return
		}
	case contract.OrderTypeLIQUIDATION:
		o.parts = makeParts(contract.SideSELL, instruments, values)
	case contract.OrderTypeREBALANCING:
		o.parts = rebalance(o.mix, instruments, values)
	}
	for _, p := range o.parts {
		o.account.promise(p)
	}
}

// rebalance returns the trades that bring positions to the weights of the mix.
//
// Choices: an instrument that is at its target already has no individual order, so an account that holds nothing has none at all; sales
// come before purchases.
func rebalance(target *mix, instruments []string, values []*big.Int) []part {
	missing := map[string]*big.Int{}
	for i, wanted := range share(sum(values), target.weights) {
		missing[target.instruments[i]] = wanted
	}
	for i, instrument := range instruments {
		if missing[instrument] == nil {
			missing[instrument] = new(big.Int)
		}
		missing[instrument].Sub(missing[instrument], values[i])
	}
	var sales, purchases []part
	for _, instrument := range slices.Sorted(maps.Keys(missing)) {
		switch amount := missing[instrument]; amount.Sign() {
		case -1:
			sales = append(sales, part{instrument, contract.SideSELL, amount.Neg(amount)})
		case 1:
			purchases = append(purchases, part{instrument, contract.SideBUY, amount})
		}
	}
	return append(sales, purchases...)
}

func makeParts(side contract.Side, instruments []string, amounts []*big.Int) []part {
	parts := make([]part, len(instruments))
	for i, instrument := range instruments {
		parts[i] = part{instrument, side, amounts[i]}
	}
	return parts
}

// cancel stops an order whose account has been advanced to now. What is filled stays filled and counts.
func (o *order) cancel(now time.Time) {
	for _, p := range o.parts[o.filled:] {
		o.account.release(p)
	}
	o.status, o.updated = contract.OrderStatusCANCELLED, now
}

// schedule is a heap of orders by the instant of their next transition. A cancelled order stays in it until its turn comes.
type schedule []*order

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	if order := s[i].next.Compare(s[j].next); order != 0 {
		return order < 0
	}
	return s[i].placed < s[j].placed
}

func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements [heap.Interface].
func (s *schedule) Push(item any) { *s = append(*s, item.(*order)) }

// Pop implements [heap.Interface].
func (s *schedule) Pop() any {
	last := len(*s) - 1
	item := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return item
}
