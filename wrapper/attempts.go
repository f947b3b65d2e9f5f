package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// exchange is what the retry loop works on: something that can be sent any number of times, and what to make of its answers.
type exchange struct {
	operation
	settings settings
	prepare  func(ctx context.Context) error // gets what a request needs first, outside the attempt's time-out
	send     func(ctx context.Context) (*http.Response, error)
	accept   func(body []byte) error       // decodes the body of a 2xx
	renew    func(header http.Header) bool // gets rid of what a 401 may be about; reports whether to try again
}

// attempts is the one loop that sends. Each turn builds, dates and signs a request of its own; then it either succeeds, gives up, or
// waits for the next turn.
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
	renewed, retries, offset := false, 0, c.clock.offset.Load()
	for {
		r := c.attempt(ctx, x, policy.AttemptTimeout)
		r.Number = len(failure.Attempts) + 1
		if r.ok {
			c.budget.refill()
			c.observe(ctx, r.Attempt)
			return nil
		}
		var giveUp error
		switch {
		case ctx.Err() != nil:
			if r.passing {
				giveUp = ctx.Err()
			}
		case r.Status == http.StatusUnauthorized && renewed:
			c.clock.restore(offset) // the clock was not the reason
		case r.Status == http.StatusUnauthorized && c.budget.take() && x.renew(r.answer.Header):
			renewed = true
			r.Retry = "credentials renewed"
		case r.retryable(policy) && retries+1 < policy.MaxAttempts:
			retries++
			if r.Wait, giveUp = c.allowRetry(policy, retries, r.header()); giveUp == nil {
				r.Retry = r.why()
			}
		}
		failure.add(r)
		c.observe(ctx, r.Attempt)
		if r.Retry == "" {
			failure.because(giveUp)
			return failure
		}
		if err := sleep(ctx, r.Wait); err != nil {
			failure.because(fmt.Errorf("wait before the next attempt: %w", err))
			return failure
		}
	}
}

// allowRetry returns the wait before a retry, or why there is none.
func (c *core) allowRetry(policy RetryPolicy, retry int, header http.Header) (time.Duration, error) {
	wait, allowed := policy.delay(retry, header, c.clock.now(), c.random)
	if !allowed {
		return 0, fmt.Errorf("the server asks to wait for %s, more than the retry policy allows", wait)
	}
	if !c.budget.take() {
		return 0, ErrRetryBudget
	}
	return wait, nil
}

// result is what one attempt came to.
type result struct {
	Attempt
	ok      bool
	answer  *Response // nil if there was none
	outcome Outcome   // what the attempt did, if the call is a write
	unsent  bool      // it never got as far as the network, and a repetition would not either
	passing bool      // another attempt may well succeed
	echo    echo      // what of the request the answer may quote
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

// attempt sends one request and judges what came back.
func (c *core) attempt(ctx context.Context, x exchange, timeout time.Duration) (r result) {
	r.Operation = x.id
	if r.Err = x.prepare(ctx); r.Err == nil && c.limiter != nil {
		r.Err = c.limiter.Wait(ctx)
	}
	if r.Err == nil {
		r.Err = ctx.Err() // else a transport would have to say that it sent nothing
	}
	if r.Err != nil {
		r.outcome, r.unsent = OutcomeRefused, true
		return r
	}
	started := c.clock.local()
	defer func() { r.Duration = c.clock.local().Sub(started) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, err := x.send(ctx)
	if err != nil {
		failed, wasSent := err.(*networkError) // not errors.As: a deeper one belongs to the token request
		if !wasSent {
			r.Err, r.outcome, r.unsent = err, OutcomeRefused, true
			return r
		}
		r.Err, r.outcome, r.passing = failed, failed.outcome(), !failed.untrusted
		return r
	}
	r.answer, r.Err = readResponse(resp)
	r.echo = c.echoOf(resp.Request)
	r.Status, r.RequestID = r.answer.Status, r.echo.hide(r.answer.Header.Get("upvest-request-id"))
	c.clock.unlearn(r.answer.Header)
	x.settings.keep(r.answer)
	switch status := r.Status; {
	case status/100 == 2:
		if r.Err == nil {
			r.Err = x.accept(r.answer.Body)
		}
		r.ok, r.outcome, r.passing = r.Err == nil, OutcomeAccepted, errors.Is(r.Err, errCutOff)
	case status/100 == 4 && status != http.StatusRequestTimeout:
		r.outcome, r.passing = OutcomeRefused, isRetryable(status)
	default:
		r.outcome, r.passing = OutcomeUnknown, isRetryable(status)
	}
	return r
}
