// Package replays repeats the response to a successful request if the client sends the
// request again with the same idempotency key. The repeated request has no second effect
// (docs.upvest.co, Idempotency).
package replays

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

const (
	lifetime = 24 * time.Hour
	// overhead is the approximate size in bytes of a kept response without its body.
	overhead = 160
)

// Replays keeps the responses to successful requests. It is safe for concurrent use.
type Replays struct {
	maxBytes int64

	mu    sync.Mutex
	kept  map[Key]replay
	bytes int64
	// queue lists the kept responses in the order in which they were added, so the
	// responses that expire next are at its front.
	queue []expiry
	// running has a channel for each key with a request that is being carried out. The
	// channel is closed when this request is done.
	running map[Key]chan struct{}
}

// Key is the idempotency key of a client. Two clients can use the same ID without sharing
// a response.
type Key struct{ Client, ID uuid.UUID }

// Fingerprint distinguishes different requests that have the same key. It is the first
// half of a SHA-256 digest.
type Fingerprint [16]byte

// FingerprintOf returns the fingerprint of a request, whose method, URL and body are
// given as parts.
func FingerprintOf(parts ...string) Fingerprint {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return Fingerprint(sum[:])
}

// Act carries out a request.
type Act func() (*response.Response, *response.Problem)

// replay is a kept response in compact form. Only the responses to successful requests
// are kept. They all have JSON bodies.
type replay struct {
	fingerprint Fingerprint
	expires     int64 // Unix nanoseconds
	status      int
	body        string
}

func (r replay) response() *response.Response {
	header := http.Header{"Content-Type": {response.JSON}}
	return &response.Response{Status: r.status, Header: header, Body: []byte(r.body)}
}

func (r replay) cost() int64 { return int64(len(r.body)) + overhead }

type expiry struct {
	key     Key
	expires int64
}

// New returns an empty store of at most maxBytes. When it is full, it refuses new keys,
// because dropping a response before it expires would allow a second effect.
func New(maxBytes int64) *Replays {
	return &Replays{maxBytes: maxBytes, kept: map[Key]replay{}, running: map[Key]chan struct{}{}}
}

// Once calls act and returns the response, unless an earlier request with the same key
// succeeded. In that case, Once does not call act: it returns the kept response and sets
// replayed, or refuses a request with a different fingerprint. If there is no space for
// another response, Once refuses a new key. Requests with the same key wait for each
// other.
func (r *Replays) Once(ctx context.Context, key Key, fingerprint Fingerprint, now time.Time, act Act) (
	given *response.Response, replayed bool, refused *response.Problem,
) {
	for {
		claimed := r.claim(key, now)
		switch {
		case claimed.found && claimed.earlier.fingerprint != fingerprint:
			return nil, false, response.Refuse(http.StatusUnprocessableEntity,
				"header idempotency-key was used before, for a request with a different method, path or body")
		case claimed.found:
			return claimed.earlier.response(), true, nil
		case claimed.other != nil:
			if !wait(ctx, claimed.other) {
				return nil, false, response.Refuse(http.StatusServiceUnavailable,
					"the client disconnected while an earlier request with the same idempotency-key "+
						"was in progress")
			}
		case claimed.full:
			return nil, false, response.Refuse(http.StatusServiceUnavailable,
				"the responses of the last 24 hours fill the %d bytes of -kept-responses, "+
					"and none may be dropped: raise the limit, or advance the clock", r.maxBytes)
		default:
			given, refused = r.run(key, fingerprint, now, act)
			return given, false, refused
		}
	}
}

// claim is the result of an attempt to reserve a key. If all fields are zero, the key is
// reserved for the caller.
type claim struct {
	earlier replay
	found   bool
	// other is closed when the request for which the key is reserved is done.
	other <-chan struct{}
	full  bool
}

func (r *Replays) claim(key Key, now time.Time) claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now.UnixNano())
	earlier, found := r.kept[key]
	if found && now.UnixNano() < earlier.expires {
		return claim{earlier: earlier, found: true}
	}
	if other, busy := r.running[key]; busy {
		return claim{other: other}
	}
	if r.bytes >= r.maxBytes {
		return claim{full: true}
	}
	r.running[key] = make(chan struct{})
	return claim{}
}

func (r *Replays) run(key Key, fingerprint Fingerprint, now time.Time, act Act) (
	given *response.Response, refused *response.Problem,
) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		// The response to a failed request is not kept, so the client can send the
		// request again with the same key.
		if given != nil && refused == nil {
			r.keep(key, replay{
				fingerprint: fingerprint,
				expires:     now.Add(lifetime).UnixNano(),
				status:      given.Status,
				body:        string(given.Body),
			})
		}
		close(r.running[key])
		delete(r.running, key)
	}()
	return act()
}

func (r *Replays) keep(key Key, kept replay) {
	if earlier, found := r.kept[key]; found {
		r.bytes -= earlier.cost()
	}
	r.kept[key] = kept
	r.bytes += kept.cost()
	r.queue = append(r.queue, expiry{key: key, expires: kept.expires})
}

// forget removes expired responses.
func (r *Replays) forget(now int64) {
	for len(r.queue) > 0 && r.queue[0].expires <= now {
		first := r.queue[0]
		r.queue = r.queue[1:]
		// If the key was used again after this response expired, a newer response is
		// kept.
		if held, found := r.kept[first.key]; found && held.expires == first.expires {
			r.bytes -= held.cost()
			delete(r.kept, first.key)
		}
	}
}

func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
