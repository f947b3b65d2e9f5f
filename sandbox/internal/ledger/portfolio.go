package ledger

import (
	"fmt"
	"math/big"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// quantityDecimals is the number of fraction digits of a quantity.
const quantityDecimals = 2 * amountDecimals

// Portfolio has the fields of sandbox.Portfolio, which documents them.
type Portfolio struct {
	AccountID uuid.UUID   `json:"account_id"`
	Cash      api.Decimal `json:"cash"`
	Value     api.Decimal `json:"value"`
	Holdings  []Holding   `json:"holdings"`
}

// Holding has the fields of sandbox.Holding, which documents them.
type Holding struct {
	InstrumentID api.InstrumentID `json:"instrument_id"`
	Quantity     api.Decimal      `json:"quantity"`
	Selling      api.Decimal      `json:"selling"`
	Price        api.Decimal      `json:"price"`
	Value        api.Decimal      `json:"value"`
}

// Portfolio returns what an account of a client currently holds. It returns an error for
// an account that the client has never used, because a typo would otherwise look like an
// empty portfolio.
func (l *Ledger) Portfolio(clientID, accountID uuid.UUID) (Portfolio, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found *account
	if c := l.clients[clientID]; c != nil {
		found = c.accounts[accountID]
	}
	if found == nil {
		return Portfolio{}, fmt.Errorf("account %s: the client %s has never used it, "+
			"expected an account with a configuration, an order or an initial state", accountID, clientID)
	}
	l.advance(found, l.now())
	shown := Portfolio{
		AccountID: accountID,
		Cash:      api.Decimal(formatAmount(&found.cash)),
		Holdings:  []Holding{},
	}
	total := new(big.Int).Set(&found.cash)
	for i := range found.positions {
		p := &found.positions[i]
		value := l.prices.value(p.instrument, &p.held)
		total.Add(total, value)
		shown.Holdings = append(shown.Holdings, Holding{
			InstrumentID: shownInstrument(p.instrument),
			Quantity:     api.Decimal(formatUnits(&p.held, quantityDecimals)),
			Selling:      api.Decimal(formatUnits(&p.promised, quantityDecimals)),
			Price:        api.Decimal(formatAmount(l.prices.of(p.instrument))),
			Value:        api.Decimal(formatAmount(value)),
		})
	}
	shown.Value = api.Decimal(formatAmount(total))
	return shown, nil
}

// shownInstrument returns the instrument id for an instrumentKey. It writes UUIDs in
// lower case with dashes.
func shownInstrument(key string) api.InstrumentID {
	if id, err := uuid.Parse(key); err == nil {
		return api.InstrumentID(id.String())
	}
	return api.InstrumentID(key)
}
