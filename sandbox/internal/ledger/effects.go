package ledger

import (
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/history"
)

// maxEffects bounds the log of effects; older ones are dropped.
const maxEffects = 100_000

// Effect is a change of state that a request made. What the clock does to orders is no effect, nor is a request that was refused.
type Effect struct {
	// Number counts the effects from 1.
	Number uint64
	// At is when, by the sandbox's clock, in UTC.
	At time.Time
	// ClientID is the API client that called.
	ClientID uuid.UUID
	// Operation is the operationId of openapi.yaml, such as "create_portfolios_order".
	Operation string
	// Resource is the id of what was made or changed; for a configuration its account.
	Resource uuid.UUID
	// Account is the account of it, the zero UUID for an allocation and for a rebalancing.
	Account uuid.UUID
}

// Effects returns what requests have done, in order, the newest 100,000 at most. A request makes one effect: a rebalancing has the id
// of its execution, however many orders it placed.
func (l *Ledger) Effects() []Effect {
	all, _, _ := l.effects.After(0, -1, func(Effect) bool { return true })
	return all
}

// EffectsAfter returns a page of the effects, how many there ever were, and how many of them are forgotten; see [history.Log.After].
func (l *Ledger) EffectsAfter(number uint64, limit int, matches func(Effect) bool) (page []Effect, total, dropped uint64) {
	return l.effects.After(number, limit, matches)
}

type effectLog struct{ *history.Log[Effect] }

func newEffectLog() effectLog { return effectLog{history.New[Effect](maxEffects, 0)} }

func (e effectLog) add(at time.Time, clientID uuid.UUID, operation string, resource, account uuid.UUID) {
	e.Add(0, func(number uint64) Effect {
		return Effect{Number: number, At: at, ClientID: clientID, Operation: operation, Resource: resource, Account: account}
	})
}
