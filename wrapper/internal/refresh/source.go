// Package refresh keeps a value that expires, fetches its successor in the background,
// and isolates callbacks.
package refresh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// longestMargin limits how long before its end a value is renewed.
	longestMargin = 5 * time.Minute
	// pause is the shortest time between two renewals if the first fails.
	pause = 5 * time.Second
	// backgroundLimit ends a background fetch that hangs, for instance in a limiter.
	backgroundLimit = 2 * time.Minute
	// brake is how long the next fetch waits after a failed one, and after a value that
	// was dropped at once.
	brake = time.Second
	// atOnce is the age up to which a dropped value counts as dropped at once.
	atOnce = 10 * time.Second
	// maxKinds limits the number of kinds of refused requests that are stored.
	maxKinds = 100
	// settled is the smallest age at which a value may be renewed early, see
	// [Source.Renew], and how long a refusal of one kind of request protects the value.
	settled = time.Minute
)

// Grant is a fetched value.
type Grant[T any] struct {
	Value T
	// Life is how long the value may be used, counted from Sent; 0 means that it is
	// unknown.
	Life time.Duration
	// Sent is when the last request of the fetch was sent, successful or not; the zero
	// time means that none was.
	Sent time.Time
}

// Source returns a value that expires. While the value is valid, callers do not wait for
// its successor: in the last fifth of its lifetime, but at most its last five minutes,
// the first caller starts a fetch in the background. Without a valid value, all callers
// wait for one fetch, each as long as its own context allows. A caller never receives the
// error of a request that was sent before it called, nor a value that may be as old as
// the one that was dropped last.
//
// After a failed fetch, and after a value that was dropped within ten seconds of its
// arrival, the next fetch waits a second, for all callers together.
type Source[T comparable] struct {
	Fetch  func(ctx context.Context) (Grant[T], error)
	Now    func() time.Time
	Jitter func(limit time.Duration) time.Duration

	// stamps counts requests in the order in which they are sent. Two times cannot show
	// that order if they are equal, or if the clock was set in between.
	stamps atomic.Uint64

	mu        sync.Mutex
	value     func() T  // a closure, where no printer finds the value; nil means none
	fresh     bool      // it was requested when there was none
	arrived   time.Time // when the value arrived
	expires   time.Time // the zero time means never
	renewAt   time.Time
	confirmed uint64 // the latest stamp of a request that succeeded with the value
	refused   map[string]refusal
	notBefore time.Time // when the next fetch may be sent
	failure   error     // of the last fetch
	failedAt  time.Time
	current   *fetch[T] // under way
}

// refusal records that a kind of request was refused for good.
type refusal struct {
	stamp uint64 // the latest stamp when the refusal arrived
	at    time.Time
}

// inside is the key of the context value that marks the callbacks of a fetch.
type inside struct{}

var errInside = errors.New("a hook of a token request needs the token of that request: " +
	"use another source in the hook")

// Get returns a valid value, from memory or fetched. If the context ends, this caller
// stops waiting; other callers keep waiting.
func (s *Source[T]) Get(ctx context.Context) (T, error) {
	came := s.Now()
	for again := false; ; again = true {
		value, fetch, started := s.request(ctx, s.Now())
		switch {
		case fetch == nil && value == *new(T):
			return value, errInside
		case fetch == nil:
			return value, nil
		}
		value, sent, err := s.wait(ctx, fetch)
		switch {
		case err == nil:
			return value, nil
		case ctx.Err() != nil:
			return *new(T), s.endWaiting(ctx.Err())
		case started, again, !sent.Before(came):
			return *new(T), err
		}
	}
}

// endWaiting returns the error of a caller that stops waiting. It names the last failure,
// which may be the reason why the caller had to wait.
func (s *Source[T]) endWaiting(reason error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := fmt.Errorf("wait for an access token: %w", reason)
	if s.failure == nil {
		return err
	}
	age := s.Now().Sub(s.failedAt).Round(time.Second)
	return fmt.Errorf("%w; the last token request failed %s ago: %w", err, age, s.failure)
}

// wait waits for a fetch, and returns when its last request was sent.
func (s *Source[T]) wait(ctx context.Context, fetch *fetch[T]) (value T, sent time.Time, err error) {
	defer func() { sent = s.leave(fetch) }() // runs after a panic too
	value, err = fetch.call.Wait(ctx)
	return value, sent, err
}

// Drop drops the value if the function returns true for it, or if the value was renewed
// while an earlier value was in use, and may therefore be as old as that one. It reports
// whether it dropped a value. Later callers do not share a fetch in progress; those that
// wait for it keep waiting.
func (s *Source[T]) Drop(is func(T) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop(is)
}

// drop is Drop. The lock is held.
func (s *Source[T]) drop(is func(T) bool) bool {
	if s.value == nil || (!is(s.value()) && s.fresh) {
		return false
	}
	now := s.Now()
	if now.Sub(s.arrived) < atOnce {
		s.notBefore = now.Add(brake)
	}
	s.value = nil
	s.current = nil
	return true
}

// holds reports whether the source holds this value. The lock is held.
func (s *Source[T]) holds(value T) bool { return s.value != nil && s.value() == value }

// Stamp returns the next number for a request that is about to be sent.
func (s *Source[T]) Stamp() uint64 { return s.stamps.Add(1) }

// Refuse records that a request of some kind, such as one operation, was refused with the
// value for which the function returns true. It drops the value as Drop does, and reports
// whether it did. It keeps the value if only this kind of request is refused: less than a
// minute ago such a request was refused for good, see [Source.RefuseForGood], and another
// request that was sent after that succeeded with the value.
//
// A success that was sent before a refusal arrived proves nothing: the server may have
// received it first, and revoked the value in between.
func (s *Source[T]) Refuse(kind string, is func(T) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.refused[kind]
	if known && s.confirmed > last.stamp && s.isRecent(last) {
		return false
	}
	delete(s.refused, kind) // the repeat decides whether this kind is refused for good
	return s.drop(is)
}

// RefuseForGood records that the repeat of a refused request was refused too.
func (s *Source[T]) RefuseForGood(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refused) == maxKinds {
		maps.DeleteFunc(s.refused, func(_ string, last refusal) bool { return !s.isRecent(last) })
	}
	_, known := s.refused[kind]
	if known || len(s.refused) == maxKinds {
		return
	}
	if s.refused == nil {
		s.refused = map[string]refusal{}
	}
	s.refused[kind] = refusal{stamp: s.stamps.Load(), at: s.Now()}
}

// isRecent reports whether a refusal still protects the value. The lock is held.
func (s *Source[T]) isRecent(last refusal) bool { return s.Now().Sub(last.at).Abs() < settled }

// Confirm records that the request with this stamp succeeded with the value.
func (s *Source[T]) Confirm(value T, stamp uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds(value) {
		s.confirmed = max(s.confirmed, stamp)
	}
}

// Renew starts a fetch in the background if the value is older than a minute, because the
// server may grant more in the meantime. The value stays until its successor arrives.
func (s *Source[T]) Renew(value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if !s.holds(value) || s.current != nil || now.Sub(s.arrived) < settled {
		return
	}
	s.start(context.Background(), &fetch[T]{background: true}, now)
}

// CancelBackground ends a fetch that no caller waits for.
func (s *Source[T]) CancelBackground() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current.background {
		s.current.cancel()
		s.current = nil
	}
}

// request returns the value if it is valid, and otherwise the fetch to wait for and
// whether this caller started it. It starts a fetch if one is due. A callback of a fetch
// receives neither.
func (s *Source[T]) request(ctx context.Context, now time.Time) (value T, wait *fetch[T], started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exists := s.value != nil
	valid := exists && (s.expires.IsZero() || now.Before(s.expires))
	if valid {
		due := !s.expires.IsZero() && !now.Before(s.renewAt)
		if due && s.current == nil {
			//nolint:contextcheck // it outlives the call
			s.start(context.Background(), &fetch[T]{background: true}, now)
		}
		return s.value(), nil, false
	}
	if ctx.Value(inside{}) == any(s) {
		return value, nil, false
	}
	if s.current != nil && s.current.background {
		// It may hang, and this caller must not wait for it.
		s.current.cancel()
		s.current = nil
	}
	if s.current == nil {
		s.start(context.WithoutCancel(ctx), &fetch[T]{fresh: !exists}, now)
		started = true
	}
	s.current.waiting++
	return value, s.current, started
}
