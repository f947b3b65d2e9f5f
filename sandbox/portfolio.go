package sandbox

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// Portfolio is what an account holds.
type Portfolio struct {
	AccountID uuid.UUID `json:"account_id"`
	// Cash is the amount, in EUR, that is left in the account from the sales of
	// rebalancings.
	Cash api.Decimal `json:"cash"`
	// Value is the sum of the cash and the values of all holdings, in EUR.
	Value    api.Decimal `json:"value"`
	Holdings []Holding   `json:"holdings"`
}

// Holding is what an account holds of one instrument.
type Holding struct {
	InstrumentID api.InstrumentID `json:"instrument_id"`
	// Quantity is the number of shares. Selling is the number of shares that the orders
	// that are PROCESSING have yet to sell.
	Quantity api.Decimal `json:"quantity"`
	Selling  api.Decimal `json:"selling"`
	// Price is the price of one share in EUR. Value is the value of the whole quantity in
	// EUR.
	Price api.Decimal `json:"price"`
	Value api.Decimal `json:"value"`
}

// Portfolio returns what an account of the first client holds at the time that the
// sandbox's clock shows. It returns an error for an account that has never had a
// configuration, an order or an initial state.
func (s *Sandbox) Portfolio(account uuid.UUID) (Portfolio, error) {
	return s.PortfolioOf(s.Client(), account)
}

// PortfolioOf is like [Sandbox.Portfolio], but for an account of the client c instead of
// the first client.
func (s *Sandbox) PortfolioOf(c Client, account uuid.UUID) (Portfolio, error) {
	found, err := s.world.Load().Ledger.Portfolio(c.ID, account)
	if err != nil {
		return Portfolio{}, fmt.Errorf("read a portfolio: %w", err)
	}
	holdings := make([]Holding, len(found.Holdings))
	for i, one := range found.Holdings {
		holdings[i] = Holding(one)
	}
	return Portfolio{
		AccountID: found.AccountID, Cash: found.Cash, Value: found.Value, Holdings: holdings,
	}, nil
}
