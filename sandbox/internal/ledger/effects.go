package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

// Bounds of the log of effects. The oldest are dropped first.
const (
	maxEffects     = 100_000
	maxEffectBytes = 256 << 20
)

// Call is a call of an API client. A client cannot read the resources of another client.
type Call struct {
	ClientID  uuid.UUID
	RequestID string
	Operation contract.Operation

	accounts []uuid.UUID
}

// Accounts returns the accounts that the call read or changed. It must not be called
// before the call has returned.
func (c *Call) Accounts() []uuid.UUID { return c.accounts }

type callKey struct{}

// WithCall returns a context for a call of the ledger. Without it, a call acts for the
// client with the zero UUID.
func WithCall(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

func callOf(ctx context.Context) *Call {
	if call, ok := ctx.Value(callKey{}).(*Call); ok {
		return call
	}
	return &Call{}
}

// touch records that the call read or changed the accounts.
func touch(ctx context.Context, accounts ...uuid.UUID) {
	call := callOf(ctx)
	call.accounts = append(call.accounts, accounts...)
}

// Effects returns the log of the effects of requests, in order, and the newest 100,000 at
// most. A request has one effect. That of a rebalancing has the id of the execution,
// however many orders it placed.
func (l *Ledger) Effects() *journal.Log[journal.Effect] { return l.effects }

// record adds the effect of a call.
func (l *Ledger) record(ctx context.Context, at time.Time, resource uuid.UUID, accounts ...uuid.UUID) {
	touch(ctx, accounts...)
	call := callOf(ctx)
	effect := journal.Effect{
		RequestID:  call.RequestID,
		At:         at,
		ClientID:   call.ClientID,
		Operation:  call.Operation,
		ResourceID: resource,
		AccountIDs: journal.Accounts(accounts...),
	}
	l.effects.Add(len(uuid.UUID{})*len(accounts), func(number uint64) journal.Effect {
		effect.Number = number
		return effect
	})
}
