// Package renewal keeps something that expires, and fetches the next behind the backs of those who use it.
package renewal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/foreign"
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
// minutes, sets off a fetch. Without a good value callers wait for one fetch together, each as long as its own context lets it.
type Source[T comparable] struct {
	Fetch  func(ctx context.Context) (Grant[T], error)
	Now    func() time.Time
	Jitter func(limit time.Duration) time.Duration

	mu      sync.Mutex
	value   T         // the zero value means none
	expires time.Time // the zero time means never
	renewAt time.Time
	fetch   *fetch[T] // under way
}

// fetch is one renewal. One that began behind everybody's back runs to its end, any other until the last of those who wait for it leaves.
type fetch[T any] struct {
	call       *foreign.Call[T]
	cancel     context.CancelFunc
	background bool
	waiting    int
}

// Get returns a good value, from memory or fetched. A caller whose context ends leaves alone; the others go on waiting.
func (s *Source[T]) Get(ctx context.Context) (T, error) {
	value, fetch := s.current(ctx, s.Now())
	if fetch == nil {
		return value, nil
	}
	defer s.leave(fetch)
	value, err := fetch.call.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		return *new(T), fmt.Errorf("wait for an access token: %w", ctx.Err())
	}
	return value, err
}

// Drop gives up the value if it is that one still.
func (s *Source[T]) Drop(is func(T) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != *new(T) && is(s.value) {
		s.value = *new(T)
	}
}

// current returns the value if it is good, or else the fetch to wait for. It sees to it that there is one if there has to be.
func (s *Source[T]) current(ctx context.Context, now time.Time) (T, *fetch[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.value != *new(T)
	if there && (s.expires.IsZero() || now.Before(s.renewAt)) {
		return s.value, nil
	}
	good := there && now.Before(s.expires)
	if s.fetch == nil {
		next := &fetch[T]{background: good}
		ctx, next.cancel = context.WithCancel(context.WithoutCancel(ctx))
		next.call = foreign.Go(func() (T, error) { return s.renew(ctx, next) })
		s.fetch, s.renewAt = next, now.Add(pause)
	}
	if good {
		return s.value, nil
	}
	s.fetch.waiting++
	return *new(T), s.fetch
}

func (s *Source[T]) leave(fetch *fetch[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fetch.waiting--; fetch.waiting > 0 || fetch.background {
		return
	}
	fetch.cancel()
	s.finish(fetch)
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
	grant, err := s.Fetch(ctx)
	if err != nil {
		return *new(T), err
	}
	margin := min(grant.Life/5, longestMargin)
	expires := asked.Add(grant.Life)
	renewAt := expires.Add(-margin + s.Jitter(margin/2))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.expires, s.renewAt = grant.Value, expires, renewAt
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
