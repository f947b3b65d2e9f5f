package refresh

import (
	"context"
	"errors"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
)

// fetch is one call of the function Fetch. A fetch is cancelled if its last waiter stops
// waiting before the fetch ends. A background fetch has no waiters; it is cancelled after
// backgroundLimit, by CancelBackground, when the value is dropped, and by a caller that
// finds no valid value and starts a new fetch.
type fetch[T any] struct {
	call       *Call[T]
	cancel     context.CancelFunc
	background bool
	fresh      bool
	waiting    int
	sent       time.Time // when the last request of a failed fetch was sent
}

// start starts a fetch. A background fetch does not carry the context values of the call
// that started it. The caller must hold the lock.
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

// leave removes one waiter from a fetch, and cancels the fetch if no waiter is left. If
// the fetch has failed, leave returns the time at which the fetch sent its last request.
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

// renew fetches a value. The source stores the value, unless this fetch is no longer the
// current fetch.
func (s *Source[T]) renew(ctx context.Context, fetch *fetch[T], delay time.Duration) (T, error) {
	defer fetch.cancel()
	defer func() { // also runs after a panic of a hook or a signer
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(fetch)
	}()
	if delay > 0 {
		// The delay is limited, because a clock that jumps back must not stop the client.
		if err := retry.Sleep(ctx, min(delay, retryDelay)); err != nil {
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

// fail records a failed fetch. A cancelled fetch does not count as a failure, because it
// shows nothing about the server.
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
	s.notBefore = now.Add(retryDelay)
}

// finish clears the current fetch if it is the given fetch, so that the next fetch can
// start. The caller must hold the lock.
func (s *Source[T]) finish(fetch *fetch[T]) {
	if s.current == fetch {
		s.current = nil
	}
}
