package wrapper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// attempts is the loop that sends requests. Each iteration makes one attempt with a new
// request and a new signature, and then returns success, gives up, or waits before the
// next iteration.
func (c *core) attempts(ctx context.Context, failure *Error, x exchange) error {
	if x.settings.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.settings.timeout)
		defer cancel()
	}
	s := steering{core: c, exchange: x, policy: x.settings.retry.withDefaults(), budget: c.budget}
	if x.settings.polling {
		s.budget = c.pollBudget
	}
	for {
		r := c.try(ctx, x, s.guess, s.policy.AttemptTimeout)
		r.Number = len(failure.Attempts) + 1
		r.learn(c.tokens()) //nolint:contextcheck // a renewal that learn starts outlives the call
		if r.ok {
			if s.guess != nil {
				c.clock.Prove(*s.guess, r.date)
			}
			s.budget.Refill(c.clock.Local())
			c.observe(ctx, r.Attempt)
			return nil
		}
		r.retryable = r.isRetryable(s.policy)
		giveUp := s.follow(ctx, &r)
		failure.add(r)
		failure.transient = s.policy.MaxAttempts > 1 && r.isTransient()
		failure.retryAfter = s.tooLong
		c.observe(ctx, r.Attempt)
		if r.Retry == "" {
			failure.addCause(giveUp)
			return failure
		}
		if err := retry.Sleep(ctx, r.Wait); err != nil {
			failure.endWaiting(err)
			return failure
		}
	}
}

// steering decides what follows a failed attempt.
type steering struct {
	core *core
	exchange
	policy RetryPolicy
	budget *retry.Budget
	// guess is the clock skew that the next attempts use, or nil to use the known skew.
	guess   *time.Duration
	renewed bool // the extra attempt after a 401 has been made
	retries int
	tooLong time.Duration // the Retry-After that ended the call
}

// follow sets Retry and Wait of a failed attempt if another attempt follows. Otherwise it
// returns the reason why the call gives up, or nil if the failed attempt itself is the
// reason.
func (s *steering) follow(ctx context.Context, r *result) error {
	switch {
	case ctx.Err() != nil:
		if r.transient {
			return ctx.Err()
		}
		return nil
	case s.single && r.outcome != OutcomeRefused:
		return nil
	case r.Status == http.StatusUnauthorized:
		s.renew(r)
		return nil
	case !r.retryable || s.retries+1 >= s.policy.MaxAttempts:
		return nil
	}
	s.retries++
	wait, err := s.allowRetry(ctx, r.responseHeader())
	if err != nil {
		return err
	}
	r.Wait = wait
	r.Retry = r.reason()
	return nil
}

// renew prepares the extra attempt that follows a 401. If the token source drops its
// token, the attempt uses a new token. If the Date of the response differs by five
// seconds or more from the date of the signature, the attempt uses the server's time. A
// call makes at most one extra attempt, regardless of the retry policy and the budget.
func (s *steering) renew(r *result) {
	if s.renewed {
		if s.authorized && s.guess == nil { // after a guess, the clock may be the cause
			r.reportSecondRefusal(s.core.tokens())
		}
		return
	}
	skew, differs := r.date.Guess(r.ahead)
	if differs {
		s.guess = &skew
	}
	dropped := s.authorized && r.forgetToken(s.core.tokens())
	s.renewed = s.authorized || s.guess != nil
	if !s.renewed {
		return
	}
	r.Retry = "401 Unauthorized"
	if dropped || s.guess != nil {
		r.Retry = "credentials renewed"
	}
	if s.guess != nil {
		r.Retry += ", " + clock.Describe(*s.guess)
	}
}

// allowRetry returns the wait before a retry, or the reason why no retry follows.
func (s *steering) allowRetry(ctx context.Context, header http.Header) (time.Duration, error) {
	now := s.core.clock.Local()
	wait, allowed := s.policy.delay(s.retries, header, now.Add(s.core.clock.Skew()), s.core.random)
	if !allowed {
		s.tooLong = wait
		return 0, fmt.Errorf(
			"the server asks to wait for %s, which is more than the retry policy allows", wait)
	}
	if err := retry.Fits(ctx, wait); err != nil {
		return 0, err
	}
	if !s.budget.Take(now) {
		return 0, ErrRetryBudget
	}
	return wait, nil
}

// add records a failed attempt. The error keeps the last response, but no later response
// replaces the response of an accepted write.
func (e *Error) add(r result) {
	e.Attempts = append(e.Attempts, r.Attempt)
	if e.origin.first.IsZero() && !r.unsent {
		e.origin.first = r.Started
	}
	if e.accepted {
		return
	}
	e.Err = r.Err
	if e.Outcome != OutcomeNone {
		e.accepted = r.outcome == OutcomeAccepted
		if r.outcome.isWorseThan(e.Outcome) {
			e.Outcome = r.outcome
		}
	}
	if r.response == nil {
		var token *Error
		if errors.As(r.Err, &token) && e.RequestID == "" {
			e.RequestID = token.RequestID
			e.CFRay = token.CFRay
		}
		return
	}
	e.Status = r.Status
	e.RequestID = r.RequestID
	e.CFRay = r.response.Header.Get("Cf-Ray")
	e.Body = r.response.Body
	var problem wire.Problem
	switch {
	case e.Operation == tokenOperation.id:
		problem = wire.ReadTokenProblem(wire.TrimMark(r.response.Body), r.Status)
	case r.Status/100 != 2:
		problem = wire.ReadProblem(wire.TrimMark(r.response.Body), r.Status)
	}
	e.Type = problem.Type
	e.Title = problem.Title
	e.Detail = problem.Detail
	e.Instance = problem.Instance
	e.Members = problem.Members
	e.RequestID = cmp.Or(e.RequestID, problem.RequestID)
	for _, text := range []*string{&e.Type, &e.Title, &e.Detail, &e.Instance, &e.RequestID, &e.CFRay} {
		*text = r.echo.Hide(*text)
	}
}

// endWaiting records that the call ended during the wait before its next attempt.
func (e *Error) endWaiting(reason error) {
	last := &e.Attempts[len(e.Attempts)-1]
	last.Retry = ""
	last.Wait = 0
	e.addCause(fmt.Errorf("wait before the next attempt: %w", reason))
}
