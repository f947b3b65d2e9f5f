// Package refresh keeps a value that expires, fetches its successor in the background, and isolates callbacks.
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

// Grant is a value, and how long it is good for from when it was asked for; 0 means that nobody knows.
type Grant[T any] struct {
	Value T
	Life  time.Duration
}

// Source hands out a value. While it is good nobody waits for the next: the first caller in the last fifth of its life, at most five
// minutes, sets off a fetch. Without a good value callers wait for one fetch together, each as long as its own context lets it. Nobody is
// told of a failure that is older than their asking, nor given a value that may be as old as the one that was dropped last.
type Source[T comparable] struct {
	Fetch  func(ctx context.Context, sending func()) (Grant[T], error) // calls sending before each attempt
	Now    func() time.Time
	Jitter func(limit time.Duration) time.Duration

	mu      sync.Mutex
	value   T         // the zero value means none
	fresh   bool      // it was asked for when there was none
	expires time.Time // the zero time means never
	renewAt time.Time
	fetch   *fetch[T] // under way
}

// fetch is one renewal. One that began behind everybody's back runs to its end, any other until the last of those who wait for it leaves.
type fetch[T any] struct {
	call       *Call[T]
	cancel     context.CancelFunc
	background bool
	fresh      bool
	waiting    int
	sent       int // attempts
}

// Get returns a good value, from memory or fetched. A caller whose context ends leaves alone; the others go on waiting.
func (s *Source[T]) Get(ctx context.Context) (T, error) {
	for again := false; ; again = true {
		value, fetch, before := s.current(ctx, s.Now())
		if fetch == nil {
			return value, nil
		}
		value, isNews, err := s.wait(ctx, fetch, before)
		switch {
		case err == nil:
			return value, nil
		case ctx.Err() != nil:
			return *new(T), fmt.Errorf("wait for an access token: %w", ctx.Err())
		case isNews || again:
			return *new(T), err
		}
	}
}

// wait waits for a fetch. What comes of it is news if an attempt was sent since the caller came.
func (s *Source[T]) wait(ctx context.Context, fetch *fetch[T], before int) (value T, isNews bool, err error) {
	defer func() { isNews = s.leave(fetch) > before }() // also behind a panic
	value, err = fetch.call.Wait(ctx)
	return value, false, err
}

// Drop gives up the value if it is that one, or if it may be as old: renewed while that one was there. So is a fetch that is under way: it
// is left to those who wait for it.
func (s *Source[T]) Drop(is func(T) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != *new(T) && (is(s.value) || !s.fresh) {
		s.value, s.fetch = *new(T), nil
	}
}

// current returns the value if it is good, or else the fetch to wait for, and how many attempts that has sent before. It sees to it that
// there is one if there has to be.
func (s *Source[T]) current(ctx context.Context, now time.Time) (value T, wait *fetch[T], before int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.value != *new(T)
	good := there && (s.expires.IsZero() || now.Before(s.expires))
	if good && (s.expires.IsZero() || now.Before(s.renewAt)) {
		return s.value, nil, 0
	}
	if before = -1; s.fetch != nil {
		before = s.fetch.sent
	} else {
		next := &fetch[T]{background: good, fresh: !there}
		ctx, next.cancel = context.WithCancel(context.WithoutCancel(ctx))
		next.call = Go(func() (T, error) { return s.renew(ctx, next) })
		s.fetch, s.renewAt = next, now.Add(pause)
	}
	if good {
		return s.value, nil, 0
	}
	s.fetch.waiting++
	return value, s.fetch, before
}

// leave returns how many attempts the fetch has sent.
func (s *Source[T]) leave(fetch *fetch[T]) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fetch.waiting--; fetch.waiting == 0 && !fetch.background {
		fetch.cancel()
		s.finish(fetch)
	}
	return fetch.sent
}

// renew fetches a value and keeps it.
func (s *Source[T]) renew(ctx context.Context, fetch *fetch[T]) (T, error) {
	defer fetch.cancel()
	defer func() { // also behind a panic of a hook or a signer
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(fetch)
	}()
	asked := s.Now()
	grant, err := s.Fetch(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		fetch.sent++
	})
	if err != nil {
		return *new(T), err
	}
	margin := min(grant.Life/5, longestMargin)
	expires := asked.Add(grant.Life)
	renewAt := expires.Add(-margin + s.Jitter(margin/2))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetch != fetch {
		return grant.Value, nil
	}
	s.value, s.fresh, s.expires, s.renewAt = grant.Value, fetch.fresh, expires, renewAt
	if grant.Life <= 0 {
		s.expires = time.Time{}
	}
	return s.value, nil
}

// finish makes room for the next fetch. The lock is held.
func (s *Source[T]) finish(fetch *fetch[T]) {
	if s.fetch == fetch {
		s.fetch = nil
	}
}
