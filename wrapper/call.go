package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// operation is what the call path needs to know about an operation of the API.
type operation struct {
	id     string // Upvest's operationId
	method string
}

func (o operation) isWrite() bool { return o.method != http.MethodGet }

// isKeyed reports whether the operation takes an idempotency key. PUT and DELETE can be repeated by their meaning.
func (o operation) isKeyed() bool { return o.method == http.MethodPost || o.method == http.MethodPatch }

// sendFunc sends one attempt of a call through the generated client, edited by the editors in order.
type sendFunc func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error)

// call carries out an operation whose answer has a body. bad is what is wrong with the arguments, found before.
func call[T any](ctx context.Context, c *core, op operation, bad error, options []CallOption, send sendFunc) (*T, error) {
	var value *T
	err := c.call(ctx, op, bad, options, send, func(body []byte) error {
		value = new(T)
		return decode(body, value)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// call carries out an operation: every service method comes through here.
func (c *core) call(
	ctx context.Context, op operation, bad error, options []CallOption, send sendFunc, accept func(body []byte) error,
) error {
	settings, err := c.settings.with(op, options)
	if err := errors.Join(bad, err); err != nil {
		return refused(op, err)
	}
	if op.isKeyed() && settings.key == uuid.Nil {
		if settings.key, err = c.random.key(); err != nil {
			return refused(op, fmt.Errorf("make an idempotency key: %w", err))
		}
	}
	var token *oauth2.Token // of the attempt, got before its time-out runs
	edit := append(c.commonEditors(),
		IdempotencyKeyEditor(func() (uuid.UUID, error) { return settings.key, nil }),
		func(ctx context.Context, req *http.Request) error {
			return TokenEditor(oauth2.StaticTokenSource(token))(ctx, req)
		},
		c.signer.Sign)
	return c.attempts(ctx, exchange{
		operation: op,
		settings:  settings,
		prepare: func(ctx context.Context) (err error) {
			token, err = tokenFrom(ctx, c.tokens)
			return err
		},
		send:   func(ctx context.Context) (*http.Response, error) { return send(ctx, edit...) },
		accept: accept,
		renew: func(header http.Header) bool {
			c.clock.learn(header)
			forgetToken(c.tokens, token.AccessToken)
			return true
		},
	})
}

// commonEditors set the headers that every request carries, the one for a token included.
func (c *core) commonEditors() []portfolios.RequestEditorFn {
	return []portfolios.RequestEditorFn{
		VersionEditor(), ClientIDEditor(c.clientID), AcceptEditor(), headerEditor("user-agent", c.userAgent),
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
