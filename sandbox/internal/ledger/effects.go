package ledger

import (
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

// maxEffects bounds the log of effects. Older ones are dropped.
const maxEffects = 100_000

// Effects returns the log of what requests have done, in order, the newest 100,000 at
// most. A request makes one effect: a rebalancing has the id of its execution, regardless
// of how many orders it placed.
func (l *Ledger) Effects() *journal.Log[journal.Effect] { return l.effects.Log }

type effectLog struct{ *journal.Log[journal.Effect] }

func newEffectLog() effectLog { return effectLog{journal.NewLog[journal.Effect](maxEffects, 0)} }

func (e effectLog) add(at time.Time, clientID uuid.UUID, operation string, resource, account uuid.UUID) {
	e.Add(0, func(number uint64) journal.Effect {
		return journal.Effect{
			Number:    number,
			At:        at,
			ClientID:  clientID,
			Operation: operation,
			Resource:  resource,
			AccountID: account,
		}
	})
}
