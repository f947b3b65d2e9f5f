package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// exchange is what the retry loop works on: something that can be sent any number of times, and what to make of its answers.
type exchange struct {
	operation
	settings settings
	prepare  func(ctx context.Context) error                                  // gets what a request needs first, outside the attempt's time-out
	send     func(ctx context.Context, now time.Time) (*http.Response, error) // now is the time to sign with
	accept   func(answer *Response) error                                     // decodes a 2xx
	forget   func()                                                           // drops the token that a 401 may be about
}

// attempts is the one loop that sends. Each turn builds, dates and signs a request of its own; then it either succeeds, gives up, or
// waits for the next turn.
//
// A 401 is followed by one more attempt, once in a call and whatever the retry policy and the budget say: with a new token, and with the
// time of the server if that is not ours. That time stays a guess until an attempt succeeds with it.
func (c *core) attempts(ctx context.Context, x exchange) error {
	if x.settings.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.settings.timeout)
		defer cancel()
	}
	policy := x.settings.retry.withDefaults()
	failure := refused(x.operation, nil)
	if x.isKeyed() {
		failure.IdempotencyKey = x.settings.key
	}
	var guess *time.Duration
	repeated, retries := false, 0
	for {
		r := c.attempt(ctx, x, guess, policy.AttemptTimeout)
		r.Number = len(failure.Attempts) + 1
		if r.ok {
			if guess != nil {
				c.clock.Prove(*guess)
			}
			c.budget.Refill(c.clock.Local())
			c.observe(ctx, r.Attempt)
			return nil
		}
		var giveUp error
		switch {
		case ctx.Err() != nil:
			if r.passing {
				giveUp = ctx.Err()
			}
		case r.Status == http.StatusUnauthorized:
			if repeated {
				break
			}
			if skew, differs := c.clock.Guess(r.answer.Header, r.ahead); differs {
				guess = &skew
			}
			if x.forget != nil {
				x.forget()
			}
			if repeated = x.forget != nil || guess != nil; repeated {
				r.Retry = "credentials renewed"
				if guess != nil {
					r.Retry += ", " + clock.Describe(*guess)
				}
			}
		case x.settings.once && r.outcome != OutcomeRefused:
		case r.retryable(policy) && retries+1 < policy.MaxAttempts:
			retries++
			if r.Wait, giveUp = c.allowRetry(ctx, policy, retries, r.header()); giveUp == nil {
				r.Retry = r.why()
			}
		}
		failure.add(r)
		c.observe(ctx, r.Attempt)
		if r.Retry == "" {
			failure.because(giveUp)
			return failure
		}
		if err := retry.Sleep(ctx, r.Wait); err != nil {
			failure.endWaiting(err)
			return failure
		}
	}
}

// allowRetry returns the wait before a retry, or why there is none.
func (c *core) allowRetry(ctx context.Context, policy RetryPolicy, retries int, header http.Header) (time.Duration, error) {
	wait, allowed := policy.delay(retries, header, c.clock.Local().Add(c.clock.Skew()), c.random)
	if !allowed {
		return 0, fmt.Errorf("the server asks to wait for %s, more than the retry policy allows", wait)
	}
	if err := retry.Fits(ctx, wait); err != nil {
		return 0, err
	}
	if !c.budget.Take(c.clock.Local()) {
		return 0, ErrRetryBudget
	}
	return wait, nil
}

// result is what one attempt came to.
type result struct {
	Attempt
	ok      bool
	answer  *Response      // nil if there was none
	outcome Outcome        // what the attempt did, if the call is a write
	unsent  bool           // it never got as far as the network, and a repetition would not either
	passing bool           // another attempt may well succeed
	echo    transport.Echo // what of the request the answer may quote
	ahead   time.Duration  // of the local clock, by which it was signed
}

func (r result) header() http.Header {
	if r.answer == nil {
		return nil
	}
	return r.answer.Header
}

func (r result) retryable(policy RetryPolicy) bool {
	if policy.Retry != nil && !r.unsent {
		return policy.Retry(r.Attempt)
	}
	return r.passing
}

// why says in a few words what calls for another attempt.
func (r result) why() string {
	switch {
	case r.Status/100 == 2:
		return "body cannot be read"
	case r.Status != 0:
		return statusText(r.Status)
	case errors.Is(r.Err, context.DeadlineExceeded):
		return "time-out"
	}
	return "network failure"
}

func outcomeOf(failed *transport.Error) Outcome {
	if failed.Reached {
		return OutcomeUnknown
	}
	return OutcomeRefused
}

// attempt sends one request and judges what came back. A guess takes the place of the known skew of the clock.
func (c *core) attempt(ctx context.Context, x exchange, guess *time.Duration, timeout time.Duration) (r result) {
	r.Operation = x.id
	if x.prepare != nil {
		r.Err = x.prepare(ctx)
	}
	if r.Err == nil && c.limiter != nil {
		r.Err = c.limiter.Wait(ctx)
	}
	if r.Err == nil {
		r.Err = ctx.Err() // else a transport would have to say that it sent nothing
	}
	if r.Err != nil {
		r.outcome, r.unsent = OutcomeRefused, true
		return r
	}
	started := c.clock.Local()
	if r.ahead = c.clock.Skew(); guess != nil { // asked only now: the token may have taught it
		r.ahead = *guess
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, err := x.send(ctx, started.Add(r.ahead))
	if err == nil {
		r.echo = transport.EchoOf(c.secret(), resp.Request)
		r.answer, r.Err = readResponse(resp, r.echo)
	}
	r.Duration = c.clock.Local().Sub(started)
	if err != nil {
		failed, wasSent := err.(*transport.Error) // not errors.As: a deeper one belongs to the token request
		if !wasSent {
			r.Err, r.outcome, r.unsent = err, OutcomeRefused, true
			return r
		}
		r.Err, r.outcome, r.passing = failed, outcomeOf(failed), !failed.Untrusted
		return r
	}
	r.Status, r.RequestID = r.answer.Status, r.echo.Hide(r.answer.requestID())
	x.settings.keep(r.answer)
	r.passing = isRetryable(r.Status)
	switch status := r.Status; {
	case status/100 == 2:
		if r.Err == nil {
			if turn := x.settings.turn; turn != nil {
				turn(ctx)
			}
			r.Err = x.accept(r.answer)
		}
		r.ok, r.passing = r.Err == nil, errors.Is(r.Err, wire.ErrCutOff)
		r.outcome = OutcomeUnknown
		if r.RequestID != "" { // else anybody on the way may have said so
			r.outcome = OutcomeAccepted
		}
	case status/100 == 4 && status != http.StatusRequestTimeout && status != statusClientClosedRequest:
		r.outcome = OutcomeRefused
	default:
		r.outcome = OutcomeUnknown
	}
	return r
}
