// Package refresh keeps a value that expires, fetches its successor in the background,
// and isolates callbacks.
package refresh

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// longestMargin is how long before its end a value is renewed at the earliest.
	longestMargin = 5 * time.Minute
	// pause is the least time between two renewals if the first fails.
	pause = 5 * time.Second
)

// Grant is a fetched value.
type Grant[T any] struct {
	Value T
	// Life is how long the value may be used, counted from the start of the fetch; 0
	// means that it is unknown.
	Life time.Duration
	// Sent is when the last request of a failed fetch was sent; the zero time means that
	// none was.
	Sent time.Time
}

// Source returns a value that expires. While the value is valid no caller waits for its
// successor: the first caller in the last fifth of its lifetime, at most five minutes,
// starts a fetch. Without a valid value callers wait for one fetch together, each as long
// as its own context allows. A caller never receives the error of a request that was sent
// before it called, nor a value that may be as old as the one that was dropped last.
type Source[T comparable] struct {
	Fetch  func(ctx context.Context) (Grant[T], error)
	Now    func() time.Time
	Jitter func(limit time.Duration) time.Duration

	mu      sync.Mutex
	value   T         // the zero value means none
	fresh   bool      // it was requested when there was none
	expires time.Time // the zero time means never
	renewAt time.Time
	current *fetch[T] // under way
}

// fetch is one renewal. A background renewal runs to its end, any other until its last
// waiter leaves.
type fetch[T any] struct {
	call       *Call[T]
	cancel     context.CancelFunc
	background bool
	fresh      bool
	waiting    int
	sent       time.Time // when its last request was sent, if it failed
}

// Get returns a valid value, from memory or fetched. A caller whose context ends leaves;
// the others keep waiting.
func (s *Source[T]) Get(ctx context.Context) (T, error) {
	came := s.Now()
	for again := false; ; again = true {
		value, fetch, started := s.request(ctx, s.Now())
		if fetch == nil {
			return value, nil
		}
		value, sent, err := s.wait(ctx, fetch)
		switch {
		case err == nil:
			return value, nil
		case ctx.Err() != nil:
			return *new(T), fmt.Errorf("wait for an access token: %w", ctx.Err())
		case started, again, !sent.IsZero() && !sent.Before(came):
			return *new(T), err
		}
	}
}

// wait waits for a fetch, and returns when its last request was sent.
func (s *Source[T]) wait(ctx context.Context, fetch *fetch[T]) (value T, sent time.Time, err error) {
	defer func() { sent = s.leave(fetch) }() // runs after a panic too
	value, err = fetch.call.Wait(ctx)
	return value, sent, err
}

// Drop drops the value if is returns true for it, or if it may be as old: renewed while
// that one was in use. A fetch under way is left to those who wait for it.
func (s *Source[T]) Drop(is func(T) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != *new(T) && (is(s.value) || !s.fresh) {
		s.value = *new(T)
		s.current = nil
	}
}

// request returns the value if it is valid, and otherwise the fetch to wait for and
// whether this caller started it. It starts a fetch if one is due.
func (s *Source[T]) request(ctx context.Context, now time.Time) (value T, wait *fetch[T], started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exists := s.value != *new(T)
	valid := exists && (s.expires.IsZero() || now.Before(s.expires))
	if valid && (s.expires.IsZero() || now.Before(s.renewAt)) {
		return s.value, nil, false
	}
	if s.current == nil {
		s.start(ctx, &fetch[T]{background: valid, fresh: !exists})
		s.renewAt = now.Add(pause)
		started = true
	}
	if valid {
		return s.value, nil, false
	}
	s.current.waiting++
	return value, s.current, started
}

// start starts a fetch, which outlives the call that needs it. The lock is held.
func (s *Source[T]) start(ctx context.Context, next *fetch[T]) {
	ctx, next.cancel = context.WithCancel(context.WithoutCancel(ctx))
	next.call = Go(func() (T, error) { return s.renew(ctx, next) })
	s.current = next
}

// leave returns when the last request of the fetch was sent.
func (s *Source[T]) leave(fetch *fetch[T]) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	fetch.waiting--
	if fetch.waiting == 0 && !fetch.background {
		fetch.cancel()
		s.finish(fetch)
	}
	return fetch.sent
}

// renew fetches a value and keeps it.
func (s *Source[T]) renew(ctx context.Context, fetch *fetch[T]) (T, error) {
	defer fetch.cancel()
	defer func() { // runs after a panic of a hook or a signer too
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(fetch)
	}()
	asked := s.Now()
	grant, err := s.Fetch(ctx)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		fetch.sent = grant.Sent
		return *new(T), err
	}
	margin := min(grant.Life/5, longestMargin)
	jitter := s.Jitter(margin / 2)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != fetch {
		return grant.Value, nil
	}
	s.value = grant.Value
	s.fresh = fetch.fresh
	s.expires = asked.Add(grant.Life)
	s.renewAt = s.expires.Add(jitter - margin)
	if grant.Life <= 0 {
		s.expires = time.Time{}
	}
	return s.value, nil
}

// finish makes room for the next fetch. The lock is held.
func (s *Source[T]) finish(fetch *fetch[T]) {
	if s.current == fetch {
		s.current = nil
	}
}
