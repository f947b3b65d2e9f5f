package sandbox

import (
	"cmp"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// UpvestOrder is an order that Upvest places in an account without a request from the
// client, for instance for a savings plan.
type UpvestOrder struct {
	// ClientID is the API client that can retrieve the order. Zero means the first client
	// of the sandbox.
	ClientID uuid.UUID
	// AccountID is an account with a configuration.
	AccountID uuid.UUID
	// Side is BUY or SELL.
	Side string
	// CashAmount is the amount in EUR.
	CashAmount api.Decimal
	// InitiationFlow is API, AUTO_INVESTMENT or SAVINGS_PLAN. Clients see it in the order
	// only if the sandbox simulates later versions, see [WithLaterVersions].
	InitiationFlow string
}

// PlaceOrder places an order as if Upvest placed it, and returns the order's id. The
// journal contains no effect for the order, because no request caused it.
func (s *Sandbox) PlaceOrder(o UpvestOrder) (uuid.UUID, error) {
	o.ClientID = cmp.Or(o.ClientID, s.Client().ID)
	if !s.config.hasClient(o.ClientID) {
		return uuid.Nil, fmt.Errorf("place an order: client_id: %s is not a client of this sandbox",
			o.ClientID)
	}
	id, err := s.world.Load().Ledger.PlaceOrder(ledger.UpvestOrder(o))
	if err != nil {
		return uuid.Nil, fmt.Errorf("place an order: %w", err)
	}
	return id, nil
}

// CancelOrder cancels an order as if Upvest cancelled it. The order must be NEW or
// PROCESSING. Individual orders that are FILLED stay FILLED. The reason must be
// ACCOUNT_IS_EMPTY, CANCELLED_BY_CLIENT, CANCELLED_BY_UPVEST, PORTFOLIO_IS_BALANCED or
// SELL_LIMIT_EXCEEDED. Clients see the reason in the order only if the sandbox simulates
// later versions, see [WithLaterVersions].
func (s *Sandbox) CancelOrder(orderID uuid.UUID, reason string) error {
	if err := s.world.Load().Ledger.CancelOrder(orderID, reason); err != nil {
		return fmt.Errorf("cancel order %s: %w", orderID, err)
	}
	return nil
}
