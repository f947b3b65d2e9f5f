package refresh

import (
	"context"
	"errors"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
)

// fetch is one renewal. It runs until its last waiter leaves; in the background it runs
// to its end, or until a caller has to wait and starts another one.
type fetch[T any] struct {
	call       *Call[T]
	cancel     context.CancelFunc
	background bool
	fresh      bool
	waiting    int
	sent       time.Time // when its last request was sent, if it failed
}

// start starts a fetch. A fetch in the background does not carry the context values of
// the call that started it. The lock is held.
func (s *Source[T]) start(ctx context.Context, next *fetch[T], now time.Time) {
	ctx = context.WithValue(ctx, inside{}, s)
	if next.background {
		ctx, next.cancel = context.WithTimeout(ctx, backgroundLimit)
	} else {
		ctx, next.cancel = context.WithCancel(ctx)
	}
	delay := s.notBefore.Sub(now)
	next.call = Go(func() (T, error) { return s.renew(ctx, next, delay) })
	s.current = next
	s.renewAt = now.Add(pause)
}

// leave ends the waiting of one caller. It returns when the last request of the fetch was
// sent.
func (s *Source[T]) leave(fetch *fetch[T]) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	fetch.waiting--
	if fetch.waiting == 0 {
		fetch.cancel()
		s.finish(fetch)
	}
	return fetch.sent
}

// renew fetches a value and keeps it.
func (s *Source[T]) renew(ctx context.Context, fetch *fetch[T], delay time.Duration) (T, error) {
	defer fetch.cancel()
	defer func() { // runs after a panic of a hook or a signer too
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(fetch)
	}()
	if delay > 0 {
		// The limit applies if a clock has jumped back, which must not stop the client.
		if err := retry.Sleep(ctx, min(delay, brake)); err != nil {
			return *new(T), err
		}
	}
	grant, err := s.Fetch(ctx)
	if err != nil {
		s.fail(ctx, fetch, grant.Sent, err)
		return *new(T), err
	}
	margin := min(grant.Life/5, longestMargin)
	jitter := s.Jitter(margin / 2)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = nil
	if s.current != fetch {
		return grant.Value, nil
	}
	s.value = func() T { return grant.Value }
	s.fresh = fetch.fresh
	s.arrived = s.Now()
	s.confirmed = 0
	s.expires = grant.Sent.Add(grant.Life)
	s.renewAt = s.expires.Add(jitter - margin)
	if grant.Life <= 0 {
		s.expires = time.Time{}
	}
	return grant.Value, nil
}

// fail records a failed fetch. A fetch that was cancelled shows nothing about the server.
func (s *Source[T]) fail(ctx context.Context, fetch *fetch[T], sent time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fetch.sent = sent
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	now := s.Now()
	s.failure = err
	s.failedAt = now
	s.notBefore = now.Add(brake)
}

// finish makes room for the next fetch. The lock is held.
func (s *Source[T]) finish(fetch *fetch[T]) {
	if s.current == fetch {
		s.current = nil
	}
}
