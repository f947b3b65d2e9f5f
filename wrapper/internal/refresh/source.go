// Package refresh keeps a value that expires, fetches its successor in the background,
// and runs callbacks in separate goroutines, because they may hang.
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
	// longestMargin limits how long before the expiry of a value a caller of Get starts
	// its renewal.
	longestMargin = 5 * time.Minute
	// pause is the shortest time between the start of a failed renewal and the next
	// renewal that Get starts in the background. Renew does not wait for this time.
	pause = 5 * time.Second
	// backgroundLimit is the time after which a background fetch that hangs, for instance
	// in a limiter, is cancelled.
	backgroundLimit = 2 * time.Minute
	// retryDelay is the shortest time until the next fetch, counted from a failed fetch,
	// or from the drop of a value soon after its arrival.
	retryDelay = time.Second
	// earlyDrop is the age below which a dropped value counts as dropped soon after its
	// arrival.
	earlyDrop = 10 * time.Second
	// maxKinds limits for how many kinds of request a refusal is stored.
	maxKinds = 100
	// settled is the smallest age at which a value may be renewed early, see
	// [Source.Renew], and how long a refusal of one kind of request protects the value
	// from being dropped, see [Source.Refuse].
	settled = time.Minute
)

// Grant is a fetched value.
type Grant[T any] struct {
	Value T
	// Life is how long the value may be used, counted from Sent; 0 means that the
	// lifetime is unknown.
	Life time.Duration
	// Sent is when the last request of the fetch was sent, successful or not; the zero
	// time means that no request was sent.
	Sent time.Time
}

// Source returns a value that expires. While the value is valid, callers do not wait for
// its successor. Near the end of the lifetime (in the last fifth, but at most the last
// five minutes), a caller starts a fetch in the background. Without a valid value, all
// callers wait for one fetch, each as long as its own context allows. If that fetch
// fails, and its last request was sent before a caller called Get, this caller waits for
// the next fetch. If the context of a caller ends, its error also contains the last
// failure, which may be older. A caller that calls Get after a value was dropped does not
// receive a value that was requested while the dropped value was in use.
//
// After a failed fetch, and after a value was dropped within ten seconds of its arrival,
// the next fetch begins no earlier than one second later. All callers share this wait.
type Source[T comparable] struct {
	Fetch  func(ctx context.Context) (Grant[T], error)
	Now    func() time.Time
	Jitter func(limit time.Duration) time.Duration

	// stamps counts requests in the order in which they are sent. The times of two
	// requests would not show this order if the times were equal, or if the clock was set
	// between the requests.
	stamps atomic.Uint64

	mu        sync.Mutex
	value     func() T  // a closure, so that no printer finds the value; nil if none
	fresh     bool      // the value was requested when there was no other value
	arrived   time.Time // when the value arrived
	expires   time.Time // the zero time means never
	renewAt   time.Time
	confirmed uint64 // the latest stamp of a request that succeeded with the value
	refused   map[string]refusal
	notBefore time.Time // the earliest time for the next fetch
	failure   error     // the error of the last failed fetch, nil after a success
	failedAt  time.Time
	current   *fetch[T] // the fetch in progress, or nil
}

// refusal records that a kind of request was refused for good, see
// [Source.RefuseForGood].
type refusal struct {
	stamp uint64 // the latest stamp that existed when the refusal arrived
	at    time.Time
}

// inside is the key of a context value that only the callbacks of a fetch have in their
// contexts.
type inside struct{}

var errInside = errors.New("a hook of a token request needs the token of that request: " +
	"use a different token source in the hook")

// Get returns a valid value, either from memory or from a fetch. If the context ends,
// this caller stops waiting; other callers keep waiting.
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

// endWaiting returns the error of a caller that stops waiting. If the last fetch failed,
// the error includes this failure, which may be the reason why the caller had to wait.
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

// wait waits for the result of a fetch. If the fetch failed, wait also returns the time
// at which the fetch sent its last request.
func (s *Source[T]) wait(ctx context.Context, fetch *fetch[T]) (value T, sent time.Time, err error) {
	defer func() { sent = s.leave(fetch) }() // also runs after a panic
	value, err = fetch.call.Wait(ctx)
	return value, sent, err
}

// Drop drops the value if the function returns true for it. Drop also drops a value that
// was requested while an earlier value was in use, because the server may have revoked
// both values together. It reports whether it dropped the value. If it did, new callers
// do not join a fetch that is already in progress; callers that already wait for that
// fetch keep waiting. A background fetch, for which no caller waits, is cancelled.
func (s *Source[T]) Drop(is func(T) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop(is)
}

// drop is Drop for a caller that holds the lock.
func (s *Source[T]) drop(is func(T) bool) bool {
	if s.value == nil || (!is(s.value()) && s.fresh) {
		return false
	}
	now := s.Now()
	if now.Sub(s.arrived) < earlyDrop {
		s.notBefore = now.Add(retryDelay)
	}
	s.value = nil
	s.cancelBackground()
	s.current = nil
	return true
}

// holds reports whether the source holds this value. The caller must hold the lock.
func (s *Source[T]) holds(value T) bool { return s.value != nil && s.value() == value }

// Stamp returns the next sequence number for a request that is about to be sent.
func (s *Source[T]) Stamp() uint64 { return s.stamps.Add(1) }

// Refuse records that the server refused a request that carried a value. The given
// function must return true for this value. The kind of the request is, for instance, its
// operation. Refuse drops the value as Drop does, unless the server seems to refuse only
// this kind of request: a request of this kind was refused for good less than a minute
// ago, see [Source.RefuseForGood], and a request that was sent after that refusal
// succeeded with the value. Refuse reports whether it dropped the value.
//
// The success of a request that was sent before the refusal arrived proves nothing,
// because the server may have received that request first, and then revoked the value.
func (s *Source[T]) Refuse(kind string, is func(T) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.refused[kind]
	if known && s.confirmed > last.stamp && s.isRecent(last) {
		return false
	}
	// The repeated request decides whether this kind is refused for good.
	delete(s.refused, kind)
	return s.drop(is)
}

// RefuseForGood records that a refused request was refused again when it was repeated.
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

// isRecent reports whether a refusal still protects the value from being dropped. The
// caller must hold the lock.
func (s *Source[T]) isRecent(last refusal) bool { return s.Now().Sub(last.at).Abs() < settled }

// Confirm records that the request with this stamp succeeded with the value, if the
// source still holds the value.
func (s *Source[T]) Confirm(value T, stamp uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds(value) {
		s.confirmed = max(s.confirmed, stamp)
	}
}

// Renew starts a fetch in the background, because the successor may have more
// permissions than the value. It starts none if the source no longer holds the value, if
// the value arrived less than a minute ago, or if a fetch is in progress. The value stays
// in use until its successor arrives, it expires, or it is dropped.
func (s *Source[T]) Renew(value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if !s.holds(value) || s.current != nil || now.Sub(s.arrived) < settled {
		return
	}
	s.start(context.Background(), &fetch[T]{background: true}, now)
}

// CancelBackground cancels the current fetch if it is a background fetch. No caller waits
// for such a fetch.
func (s *Source[T]) CancelBackground() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelBackground()
}

// cancelBackground is CancelBackground for a caller that holds the lock.
func (s *Source[T]) cancelBackground() {
	if s.current != nil && s.current.background {
		s.current.cancel()
		s.current = nil
	}
}

// request returns the value if it is valid, and otherwise the fetch to wait for and
// whether this caller started it. It starts a fetch if one is due. If there is no valid
// value, a callback of a fetch receives neither a value nor a fetch.
func (s *Source[T]) request(ctx context.Context, now time.Time) (value T, wait *fetch[T], started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exists := s.value != nil
	valid := exists && (s.expires.IsZero() || now.Before(s.expires))
	if valid {
		due := !s.expires.IsZero() && !now.Before(s.renewAt)
		if due && s.current == nil {
			//nolint:contextcheck // the fetch outlives the call
			s.start(context.Background(), &fetch[T]{background: true}, now)
		}
		return s.value(), nil, false
	}
	if ctx.Value(inside{}) == any(s) {
		return value, nil, false
	}
	// A background fetch may hang, and this caller must not wait for it.
	s.cancelBackground()
	if s.current == nil {
		s.start(context.WithoutCancel(ctx), &fetch[T]{fresh: !exists}, now)
		started = true
	}
	s.current.waiting++
	return value, s.current, started
}
