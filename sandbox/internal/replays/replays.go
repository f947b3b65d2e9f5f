// Package replays makes a repeated request give the answer of the first, with no second effect (docs.upvest.co, Idempotency).
package replays

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
)

const (
	// MaxBytes is what the kept answers cost at most, and overhead what one costs beside its body, roughly.
	MaxBytes = 64 << 20
	overhead = 512
	lifetime = 24 * time.Hour
)

// Replays remembers answers. It is safe for concurrent use.
type Replays struct {
	kept *expiring.Store[Key, replay]

	mu sync.Mutex
	// running has a channel for each key whose first request is under way, closed when it is done.
	running map[Key]chan struct{}
}

// Key is an idempotency key, which is the client's own.
type Key struct{ Client, ID uuid.UUID }

// Fingerprint tells requests with one key apart: the SHA-256 of all that makes a request what it is.
type Fingerprint = [sha256.Size]byte

type replay struct {
	fingerprint Fingerprint
	answer      *answer.Answer
}

// New returns an empty memory.
func New() *Replays {
	return &Replays{kept: expiring.New[Key, replay](MaxBytes), running: map[Key]chan struct{}{}}
}

// Once runs act, unless a request with the same key succeeded before: then it gives that one's answer, as a replay. While one is under
// way, the others with its key wait for it.
func (r *Replays) Once(ctx context.Context, key Key, fingerprint Fingerprint, now time.Time, act func() (*answer.Answer, *answer.Problem)) (
	given *answer.Answer, replayed bool, refused *answer.Problem,
) {
	for {
		r.mu.Lock()
		earlier, found := r.kept.Get(key, now)
		others, busy := r.running[key]
		if !found && !busy {
			r.running[key] = make(chan struct{})
		}
		r.mu.Unlock()
		switch {
		case found && earlier.fingerprint != fingerprint:
			return nil, false, answer.Refuse(http.StatusUnprocessableEntity,
				"header idempotency-key was used before, for a request with another method, path or body")
		case found:
			return earlier.answer, true, nil
		case !busy:
			given, refused = r.run(key, fingerprint, now, act)
			return given, false, refused
		case !wait(ctx, others):
			return nil, false, answer.Refuse(http.StatusServiceUnavailable,
				"the request was given up while another with its idempotency-key was under way")
		}
	}
}

func (r *Replays) run(key Key, fingerprint Fingerprint, now time.Time, act func() (*answer.Answer, *answer.Problem)) (
	*answer.Answer, *answer.Problem,
) {
	defer r.finish(key)
	given, refused := act()
	// Of the answers to a request that failed nothing is kept: it may be sent again with the same key.
	if refused == nil {
		r.kept.Add(key, replay{fingerprint: fingerprint, answer: given}, int64(len(given.Body))+overhead, now, now.Add(lifetime))
	}
	return given, refused
}

func (r *Replays) finish(key Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.running[key])
	delete(r.running, key)
}

func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
