package sandbox

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
)

// What a kept answer costs beside its body, roughly.
const replayOverhead = 512

// replays makes a repeated request give the answer of the first, with no second effect (docs.upvest.co, Idempotency).
type replays struct {
	kept *expiring.Store[replayKey, replay]

	mu sync.Mutex
	// running has a channel for each key whose first request is under way, closed when it is done.
	running map[replayKey]chan struct{}
}

// replayKey: keys are the client's own, and mean the same with or without dashes and in either case, as UUIDs do.
type replayKey struct {
	client uuid.UUID
	key    uuid.UUID
}

type replay struct {
	fingerprint [sha256.Size]byte
	answer      *answer
}

func newReplays() *replays {
	return &replays{kept: expiring.New[replayKey, replay](maxRememberedBytes), running: map[replayKey]chan struct{}{}}
}

// once runs act, unless a request with the same key succeeded before: then it gives that one's answer. While one is under way, the
// others with its key wait for it.
func (r *replays) once(x *exchange, act func(*exchange) *answer) *answer {
	key, fingerprint := replayKey{client: x.client.ID, key: x.idempotencyKey}, fingerprintOf(x)
	for {
		r.mu.Lock()
		earlier, found := r.kept.Get(key, x.time)
		others, busy := r.running[key]
		if !found && !busy {
			r.running[key] = make(chan struct{})
		}
		r.mu.Unlock()
		switch {
		case found && earlier.fingerprint != fingerprint:
			return refuse(http.StatusUnprocessableEntity, "header idempotency-key was used before, for a request with another method, path or body").
				answer(x.requestID)
		case found:
			x.replayed = true
			return earlier.answer
		case !busy:
			return r.run(x, key, fingerprint, act)
		case !wait(x.request.Context(), others):
			return refuse(http.StatusServiceUnavailable, "the request was given up while another with its idempotency-key was under way").
				answer(x.requestID)
		}
	}
}

func (r *replays) run(x *exchange, key replayKey, fingerprint [sha256.Size]byte, act func(*exchange) *answer) *answer {
	defer r.finish(key)
	a := act(x)
	// Of the answers to a request that failed nothing is kept: it may be sent again with the same key.
	if a.status < 300 {
		r.kept.Add(key, replay{fingerprint: fingerprint, answer: a}, int64(len(a.body))+replayOverhead, x.time, x.time.Add(idempotencyLifetime))
	}
	return a
}

func (r *replays) finish(key replayKey) {
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

func fingerprintOf(x *exchange) [sha256.Size]byte {
	parts := []string{x.request.Method, x.request.URL.RequestURI(), string(x.body)}
	return sha256.Sum256([]byte(strings.Join(parts, "\n")))
}
