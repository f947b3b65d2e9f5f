package wrapper

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// exchange describes a request that the loop can send any number of times, and how to
// read its response.
type exchange struct {
	operation
	settings   settings
	authorized bool // the request carries a token; false for a token request
	// send makes one attempt. The parameter now is the date of its signature.
	send func(ctx context.Context, token *oauth2.Token, now time.Time) (*http.Response, error)
	// accept decodes a 2xx response.
	accept func(response *Response) error
}

// result holds everything that is known after one attempt.
type result struct {
	Attempt
	ok       bool
	token    *oauth2.Token // nil if no token was needed or received
	stamp    uint64        // the sequence number of the request, see stampOf
	response *Response     // nil if there was no response
	outcome  Outcome       // what became of a write in this attempt; unused for a read
	// the attempt was not sent, and a retry would not be sent either
	unsent    bool
	transient bool // another attempt may succeed
	retryable bool // the retry policy allows another attempt
	echo      transport.Echo
	ahead     time.Duration // the clock skew that was used to date the signature
	date      clock.Reading // what the response shows about the server's clock
}

func (r *result) responseHeader() http.Header {
	if r.response == nil {
		return nil
	}
	return r.response.Header
}

// isRetryable reports whether the retry policy allows another attempt. The loop calls it
// once for each failed attempt.
func (r *result) isRetryable(policy RetryPolicy) bool {
	if policy.Retry != nil && !r.unsent {
		return policy.Retry(r.Attempt)
	}
	return r.transient
}

// isTransient reports whether a later call may succeed. That is so if the retry policy
// allows a retry of the attempt or of its token request, or if the attempt ended with a
// timeout.
func (r *result) isTransient() bool {
	var token *Error
	return r.retryable || errors.Is(r.Err, context.DeadlineExceeded) ||
		errors.As(r.Err, &token) && token.transient
}

// reason describes in a few words why another attempt follows.
func (r *result) reason() string {
	switch {
	case r.Status/100 == 2:
		return "body cannot be read"
	case r.Status != 0:
		return statusText(r.Status)
	case errors.Is(r.Err, context.DeadlineExceeded):
		return "timeout"
	}
	return "network failure"
}

// try sends one request and classifies the response. If guess is not nil, guess replaces
// the known skew of the clock.
func (c *core) try(ctx context.Context, x exchange, guess *time.Duration, timeout time.Duration) result {
	r := result{Attempt: Attempt{Operation: x.id}}
	r.token, r.Err = c.prepare(ctx, x)
	if r.Err != nil {
		r.refuseUnsent(r.Err)
		return r
	}
	if x.authorized {
		r.stamp = stampOf(c.tokens())
	}
	started := c.clock.Local()
	r.Started = started
	// The skew is read after the token request, which may have changed it.
	r.ahead = c.clock.Skew()
	if guess != nil {
		r.ahead = *guess
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, err := x.send(ctx, r.token, started.Add(r.ahead))
	if err == nil {
		r.date = c.clock.Read(resp.Header, started)
		r.echo = transport.EchoOf(c.secret(), resp.Request)
		r.response, r.Err = readResponse(resp, r.echo)
	}
	r.Duration = c.clock.Local().Sub(started)
	if err != nil {
		r.failToSend(err)
		return r
	}
	r.Status = r.response.Status
	r.RequestID = r.echo.Hide(r.response.requestID())
	x.settings.keep(r.response)
	if r.Status/100 == 2 {
		r.accept(x)
	} else {
		r.transient = isRetryable(r.Status)
		r.outcome = outcomeOf(r.response)
	}
	return r
}

// prepare waits for the limiter and then for a token, before the timeout of the attempt
// begins. The token comes second, because it could expire during the wait for the
// limiter.
func (c *core) prepare(ctx context.Context, x exchange) (*oauth2.Token, error) {
	if c.limiter != nil {
		if err := c.limiter.Wait(ctx); err != nil {
			return nil, transport.Seal(err, transport.Echo{})
		}
	}
	// After the context has ended, nothing may be sent, but not every transport checks
	// the context.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !x.authorized {
		return nil, nil
	}
	return tokenFrom(ctx, c.tokens(), c.tokenSlots, c.secret())
}

// refuseUnsent records that the attempt ended before it reached the network.
func (r *result) refuseUnsent(err error) {
	r.Err = err
	r.outcome = OutcomeRefused
	r.unsent = true
}

// failToSend records an error that the generated client returned. An error of type
// *transport.Error comes from sending the request. Any other error comes from building or
// signing the request, so the request was not sent.
func (r *result) failToSend(err error) {
	//nolint:errorlint // errors.As would also find an error inside the error of an editor
	failed, wasSent := err.(*transport.Error)
	if !wasSent {
		r.refuseUnsent(err)
		return
	}
	r.Err = failed
	r.transient = !failed.Untrusted
	r.outcome = OutcomeRefused
	if failed.Reached {
		r.outcome = OutcomeUnknown
	}
}

// accept decodes a 2xx response.
func (r *result) accept(x exchange) {
	if r.Err == nil {
		r.Err = x.accept(r.response)
	}
	r.ok = r.Err == nil
	r.transient = errors.Is(r.Err, wire.ErrCutOff)
	r.outcome = OutcomeUnknown
	// Without a request ID the response may come from a proxy, and a response about a
	// different resource does not confirm the call.
	if r.RequestID != "" && !errors.Is(r.Err, errOtherSubject) {
		r.outcome = OutcomeAccepted
	}
}

// outcomeOf returns what a response with a status other than 2xx means for a write. A
// refusal needs evidence that it comes from the server: a request ID, or a problem
// document.
func outcomeOf(response *Response) Outcome {
	switch {
	case response.Status == http.StatusRequestTimeout, response.Status == statusClientClosedRequest:
		return OutcomeUnknown
	case response.Status/100 != 4:
		return OutcomeUnknown
	case response.requestID() == "" && !wire.IsProblem(response.Body):
		return OutcomeUnknown
	}
	return OutcomeRefused
}
