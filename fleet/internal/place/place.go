// Package place sends the items of a run, and decides from the responses and from lookups
// whether each item was carried out, so that no item is carried out twice.
package place

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const (
	// Timeout is how long an attempt may take.
	Timeout = 20 * time.Second
	// underWay is how long an attempt can still act after it has begun: the attempt ends
	// after Timeout, and its last signature is valid for a minute on Upvest's clock. The
	// remaining 40 seconds are a margin.
	underWay = Timeout + time.Minute + 40*time.Second
	// Skew is how far the clocks of the database and of Upvest may differ.
	Skew = 2 * time.Minute
	// doubtFor is the shortest time between a first refusal, which may be temporary, and
	// a second refusal that counts.
	doubtFor = time.Minute
	// longestRetry limits the wait after a failure that the item did not cause. A random
	// duration is added to the limited wait.
	longestRetry = time.Minute
	// writeTimeout limits how long the ledger may take to record an outcome.
	writeTimeout = 5 * time.Second
)

// Later is the error for an item that must be placed again after a wait. River does not
// count it as a failure of the item's job.
type Later struct {
	Wait  time.Duration
	Cause error
}

// Error returns the wait and its cause.
func (l *Later) Error() string {
	if l.Cause == nil {
		return fmt.Sprintf("retry in %s", l.Wait.Round(time.Second))
	}
	return fmt.Sprintf("retry in %s: %v", l.Wait.Round(time.Second), l.Cause)
}

// Unwrap returns the cause.
func (l *Later) Unwrap() error { return l.Cause }

func later(wait time.Duration, cause error) error {
	return &Later{Wait: wait + rand.N(time.Second), Cause: cause}
}

// soon returns the error for an item that must wait because the database failed, or
// because the clocks differ. The item is placed again after 5 to 15 seconds.
func soon(cause error) error {
	return &Later{Wait: 5*time.Second + rand.N(10*time.Second), Cause: cause}
}

// retry returns the error after a failure that the item did not cause. The wait before
// the next attempt grows with the number of attempts.
func retry(item ledger.Item, cause error) error {
	wait := min(time.Duration(item.Attempts*item.Attempts)*time.Second, longestRetry)
	return &Later{Wait: wait + rand.N(wait+time.Second), Cause: cause}
}

// Placer carries out items. It is safe for concurrent use.
type Placer struct {
	Ledger *ledger.Ledger
	Client *upvest.Client
	Gauge  *Gauge
}

// Key returns the idempotency key of an item. The key of an item never changes.
func Key(operationID, run string, subject uuid.UUID) (uuid.UUID, error) {
	return upvest.IdempotencyKeyFor(operationID, "fleet/"+run+"/"+subject.String())
}

// task is an item that is being carried out.
type task struct {
	*Placer
	run       ledger.Run
	operation operation.Operation
	isProbe   bool
}

// Place carries out an item. It returns nil if the item is decided, or if a newer attempt
// has begun and will decide the item. It returns a [Later] if the item must be placed
// again. Any other error is a failure of the item.
func (p *Placer) Place(ctx context.Context, run ledger.Run, subject uuid.UUID, isProbe bool) error {
	kind, err := operation.Named(run.Operation)
	if err != nil {
		return err
	}
	t := task{Placer: p, run: run, operation: kind, isProbe: isProbe}
	item, hasBegun, err := p.Ledger.Start(ctx, run.ID, subject, kind.WithoutLookup(), isProbe)
	switch {
	case err != nil:
		return soon(err)
	case hasBegun:
		return t.send(ctx, item)
	case item.Outcome.Decided():
		return nil
	case item.RunState == ledger.Paused, item.Held != "" && !isProbe:
		return later(30*time.Second, nil)
	case item.RunState == ledger.Cancelled && item.CanDrop():
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Dropped})
	}
	return t.look(ctx, item)
}

// send sends an item whose attempt has begun, and records the result.
func (t task) send(ctx context.Context, item ledger.Item) error {
	var options []upvest.CallOption
	if t.operation.WithoutLookup() != ledger.Once { // a DELETE has no key
		key, err := Key(t.operation.ID(), t.run.Name, item.Subject)
		if err != nil {
			return fmt.Errorf("derive the key: %w", err)
		}
		options = append(options, upvest.WithIdempotencyKey(key))
	}
	sending, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	sent, err := t.operation.Send(sending, t.Client, operation.Item{Line: item.Line}, options...)
	if err != nil {
		return t.fail(ctx, item, err)
	}
	t.Gauge.Succeed(t.run.ID)
	if sent.Contradiction != "" {
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Review, Detail: sent.Contradiction})
	}
	return t.finish(ctx, item, ledger.End{Outcome: ledger.Done, Resource: sent.Resource, State: sent.State})
}

// finish records how an item ended, even if the context was cancelled or has expired.
func (t task) finish(ctx context.Context, item ledger.Item, end ledger.End) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := t.Ledger.Finish(ctx, item, end); err != nil {
		return soon(err)
	}
	return nil
}
