package ledger

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// maxEffects bounds the log of effects; older ones are dropped.
const maxEffects = 100_000

// Effect is a change of state that a request made. What the clock does to orders is no effect, nor is a request that was refused.
type Effect struct {
	// At is when, by the sandbox's clock, in UTC.
	At time.Time
	// ClientID is the API client that called.
	ClientID uuid.UUID
	// Operation is the operationId of openapi.yaml, such as "create_portfolios_order".
	Operation string
	// Resource is the id of what was made or changed; for a configuration its account.
	Resource uuid.UUID
}

// Effects returns what requests have done, in order, the newest 100,000 at most. A request makes one effect: a rebalancing has the id
// of its execution, however many orders it placed.
func (l *Ledger) Effects() []Effect {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.effects.all()
}

// effectLog is a ring: once it is full, the oldest entry makes room for the newest.
type effectLog struct {
	entries []Effect
	oldest  int
}

func (e *effectLog) add(at time.Time, clientID uuid.UUID, operation string, resource uuid.UUID) {
	effect := Effect{At: at, ClientID: clientID, Operation: operation, Resource: resource}
	if len(e.entries) < maxEffects {
		e.entries = append(e.entries, effect)
		return
	}
	e.entries[e.oldest] = effect
	e.oldest = (e.oldest + 1) % maxEffects
}

func (e *effectLog) all() []Effect {
	return slices.Concat(e.entries[e.oldest:], e.entries[:e.oldest])
}
