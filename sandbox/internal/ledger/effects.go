package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

// These are the limits of the log of effects. The log drops the oldest effects first.
const (
	maxEffects     = 100_000
	maxEffectBytes = 256 << 20
)

// Call is one call by an API client. A client can read only its own resources.
type Call struct {
	ClientID  uuid.UUID
	RequestID string
	Operation contract.Operation

	accounts []uuid.UUID
}

// Accounts returns the accounts that the call read or changed. Callers must not use
// Accounts until the ledger's method has returned.
func (c *Call) Accounts() []uuid.UUID { return c.accounts }

type callKey struct{}

// WithCall returns a context for a call to the ledger. A call without such a context acts
// for the client with the zero UUID.
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

// Effects returns the log of the effects of requests, oldest first. The log keeps at most
// the newest 100,000 effects, and at most 256 MiB of their account ids. A request that
// changes something has one effect. The effect of a rebalancing has the id of the
// execution, regardless of how many orders it placed.
func (l *Ledger) Effects() *journal.Log[journal.Effect] { return l.effects }

// record adds the effect of a call to the log. It also calls touch for the accounts.
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
