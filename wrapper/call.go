package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// The way of a call, from a service method to its value or *Error:
//
//  1. the method checks the arguments and names the operation and the generated function that sends it;
//  2. call merges the options of client and call, and gives a POST or PATCH its idempotency key, one for all attempts;
//  3. attempts loops: it asks attempt for one try, and decides on repeat, retry, wait or end (attempts.go);
//  4. attempt gets a token and a turn from the limiter, then sends with a time-out of its own;
//  5. the generated function builds the request and runs the editors: version, client id, accept, user agent, and then
//     callEditor: idempotency key, what the caller adds, token, and the signature over all of that, dated now;
//  6. doer hands it to the caller's http.Client and says of a failure whether the request can have arrived (internal/network);
//  7. readResponse reads the answer, bounded (response.go), and Decode makes a value of it (internal/answerbody);
//  8. every attempt is shown to the hooks; those that failed are gathered in the *Error, with what became of a write (error.go).

// operation is what the call path needs to know about an operation of the API.
type operation struct {
	id     string // Upvest's operationId
	method string
}

func (o operation) isWrite() bool { return o.method != http.MethodGet }

// isKeyed reports whether the operation takes an idempotency key. PUT and DELETE can be repeated by their meaning.
func (o operation) isKeyed() bool { return o.method == http.MethodPost || o.method == http.MethodPatch }

var errNoContext = errors.New("the context is nil: give context.Background() where there is no other")

// sendFunc sends one attempt of a call through the generated client, edited by the editors in order.
type sendFunc func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error)

// call carries out an operation whose answer has a body. bad is what is wrong with the arguments, found before.
func call[T any](ctx context.Context, c *core, op operation, bad error, options []CallOption, send sendFunc) (*T, error) {
	var value *T
	err := c.call(ctx, op, bad, options, send, func(answer *Response) error {
		value = new(T)
		return wire.Decode(answer.Body, value)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// call carries out an operation: every service method comes through here.
func (c *core) call(
	ctx context.Context, op operation, bad error, options []CallOption, send sendFunc, accept func(answer *Response) error,
) error {
	settings, err := c.settings.with(op, options)
	if ctx == nil {
		err = errNoContext
	}
	if err := errors.Join(bad, err); err != nil {
		return refused(op, err)
	}
	if op.isKeyed() && settings.key == uuid.Nil {
		if settings.key, err = c.random.Key(); err != nil {
			return refused(op, fmt.Errorf("make an idempotency key: %w", err))
		}
	}
	var token *oauth2.Token // of the attempt, got before its time-out runs
	return c.attempts(ctx, exchange{
		operation: op,
		settings:  settings,
		prepare: func(ctx context.Context) (err error) {
			token, err = tokenFrom(ctx, c.tokens, c.asking)
			return err
		},
		send: func(ctx context.Context, now time.Time) (*http.Response, error) {
			return send(ctx, c.callEditor(settings, token, now))
		},
		accept: accept,
		forget: func() { forgetToken(c.tokens, token.AccessToken) },
	})
}

// callEditor sets what differs from attempt to attempt, and signs. The editors of the client have run before it.
func (c *core) callEditor(settings settings, token *oauth2.Token, now time.Time) portfolios.RequestEditorFn {
	return func(ctx context.Context, req *http.Request) error {
		if settings.key != uuid.Nil {
			setHeader(req, "Idempotency-Key", settings.key.String())
		}
		for _, edit := range settings.edits {
			if err := edit(req); err != nil {
				return err
			}
		}
		setToken(req, token)
		return c.signer.signAt(ctx, req, now, settings.covered...)
	}
}

// refused is the error of a call that was not sent.
func refused(op operation, err error) *Error {
	failure := &Error{Operation: op.id, Err: err}
	if op.isWrite() {
		failure.Outcome = OutcomeRefused
	}
	return failure
}
