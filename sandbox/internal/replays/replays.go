// Package replays makes a repeated request give the answer of the first, with no second effect (docs.upvest.co, Idempotency).
package replays

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
)

const (
	lifetime = 24 * time.Hour
	// overhead is what a kept answer costs beside its body, roughly.
	overhead = 160
)

// Replays remembers answers. It is safe for concurrent use.
type Replays struct {
	maxBytes int64

	mu    sync.Mutex
	kept  map[Key]replay
	bytes int64
	// queue is in order of arrival, so that what expired is found at its front.
	queue []expiry
	// running has a channel for each key whose first request is under way, closed when it is done.
	running map[Key]chan struct{}
}

// Key is an idempotency key, which is the client's own.
type Key struct{ Client, ID uuid.UUID }

// Fingerprint tells requests with one key apart: the start of the SHA-256 of all that makes a request what it is.
type Fingerprint [16]byte

// FingerprintOf puts the parts of a request together.
func FingerprintOf(parts ...string) Fingerprint {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return Fingerprint(sum[:])
}

// replay is an answer in little room: only successes with a JSON body are kept.
type replay struct {
	fingerprint Fingerprint
	expires     int64 // Unix nanoseconds
	status      int
	body        string
}

type expiry struct {
	key     Key
	expires int64
}

// New returns an empty memory of at most so many bytes. When it is full, new keys are refused: an answer that was forgotten too early
// would be a second effect.
func New(maxBytes int64) *Replays {
	return &Replays{maxBytes: maxBytes, kept: map[Key]replay{}, running: map[Key]chan struct{}{}}
}

// Once runs act, unless a request with the same key succeeded before: then it gives that one's answer, as a replay. While one is under
// way, the others with its key wait for it.
func (r *Replays) Once(ctx context.Context, key Key, fingerprint Fingerprint, now time.Time, act func() (*answer.Answer, *answer.Problem)) (
	given *answer.Answer, replayed bool, refused *answer.Problem,
) {
	for {
		r.mu.Lock()
		r.forget(now.UnixNano())
		earlier, found := r.kept[key]
		found = found && now.UnixNano() < earlier.expires
		others, busy := r.running[key]
		full := r.bytes >= r.maxBytes
		if !found && !busy && !full {
			r.running[key] = make(chan struct{})
		}
		r.mu.Unlock()
		switch {
		case found && earlier.fingerprint != fingerprint:
			return nil, false, answer.Refuse(http.StatusUnprocessableEntity,
				"header idempotency-key was used before, for a request with another method, path or body")
		case found:
			header := http.Header{"Content-Type": {answer.JSON}}
			return &answer.Answer{Status: earlier.status, Header: header, Body: []byte(earlier.body)}, true, nil
		case busy && !wait(ctx, others):
			return nil, false, answer.Refuse(http.StatusServiceUnavailable,
				"the request was given up while another with its idempotency-key was under way")
		case busy:
		case full:
			return nil, false, answer.Refuse(http.StatusServiceUnavailable,
				"the answers of the last 24 hours fill the %d bytes that -kept-answers gives them, and none may be forgotten: "+
					"raise it, or move the clock on", r.maxBytes)
		default:
			given, refused = r.run(key, fingerprint, now, act)
			return given, false, refused
		}
	}
}

func (r *Replays) run(key Key, fingerprint Fingerprint, now time.Time, act func() (*answer.Answer, *answer.Problem)) (
	given *answer.Answer, refused *answer.Problem,
) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		// Of the answers to a request that failed nothing is kept: it may be sent again with the same key.
		if given != nil && refused == nil {
			r.keep(key, replay{
				fingerprint: fingerprint, expires: now.Add(lifetime).UnixNano(), status: given.Status, body: string(given.Body),
			})
		}
		close(r.running[key])
		delete(r.running, key)
	}()
	return act()
}

func (r *Replays) keep(key Key, a replay) {
	if earlier, ok := r.kept[key]; ok {
		r.bytes -= cost(earlier)
	}
	r.kept[key] = a
	r.bytes += cost(a)
	r.queue = append(r.queue, expiry{key: key, expires: a.expires})
}

// forget gives up what expired.
func (r *Replays) forget(now int64) {
	for len(r.queue) > 0 && r.queue[0].expires <= now {
		// The key may have been used again since.
		if held, ok := r.kept[r.queue[0].key]; ok && held.expires == r.queue[0].expires {
			r.bytes -= cost(held)
			delete(r.kept, r.queue[0].key)
		}
		r.queue = r.queue[1:]
	}
}

// Clear forgets everything that is not under way.
func (r *Replays) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept, r.queue, r.bytes = map[Key]replay{}, nil, 0
}

func cost(a replay) int64 { return int64(len(a.body)) + overhead }

func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
