package wrapper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
)

// The path of a call, from a service method to the value or *Error that it returns:
//
//  1. The method validates the arguments, and selects the operation (operations.go) and
//     the generated function that sends the request.
//  2. call merges the options of the client and of the call, and gives a POST or PATCH
//     one idempotency key for all its attempts.
//  3. attempts is a loop: it makes one attempt, and decides whether to make another one
//     (attempts.go).
//  4. try waits for the limiter, gets a token (token.go), and sends the request with a
//     timeout for this attempt (attempt.go).
//  5. The generated function builds the request and runs the editors. The editors of the
//     client set version, client ID, accept and user agent. Then callEditor sets the
//     idempotency key, what the caller adds, and the token, and signs the request with
//     the time of the attempt.
//  6. The Doer sends the request with a copy of the caller's http.Client, or with the
//     default client. If sending fails, the Doer reports whether the request may have
//     arrived (internal/transport).
//  7. readResponse reads the response up to a limit (response.go). If the status is 2xx,
//     the response is decoded into a value.
//  8. The hooks receive every attempt. If the call fails, the *Error contains the failed
//     attempts and the outcome of a write (error.go).

// core holds everything that the call path needs. All services of a client share one
// core. The secret and the token source, which may contain a token, are in closures,
// because code that prints all fields of a value cannot read what a closure contains.
type core struct {
	secret     func() string
	baseURL    string
	generated  *portfolios.Client
	doer       transport.Doer
	signer     *Signer
	tokens     func() oauth2.TokenSource
	tokenSlots refresh.Slots
	// applied to all requests, including token requests
	common []portfolios.RequestEditorFn
	clock  *clock.Clock
	random randomSource
	budget *retry.Budget
	// pollBudget is the retry budget of Orders.Wait. It is separate, because Wait would
	// use up a shared budget in an outage.
	pollBudget *retry.Budget
	limiter    Limiter
	observers  []func(context.Context, Attempt)
	settings   settings
	closed     atomic.Bool
	underway   atomic.Int64 // the number of calls in progress
}

// coreOf returns the core of a service, or nil for a service that is nil or was not made
// by New. The call path returns an error for a nil core.
func coreOf[Service ~struct{ core *core }](service *Service) *core {
	if service == nil {
		return nil
	}
	return struct{ core *core }(*service).core
}

// arguments are what a service method passes to the call path.
type arguments struct {
	invalid error     // what is wrong with the caller's arguments, or nil
	subject uuid.UUID // the ID in the path; the zero UUID if there is none
	send    sendFunc
	options []CallOption
}

// call carries out an operation whose response has a body.
func (op returning[T]) call(ctx context.Context, c *core, args arguments) (*T, error) {
	var value *T
	err := c.call(ctx, op.operation, args, func(response *Response) error {
		value = new(T)
		err := response.Decode(value)
		_, hasBadField := errors.AsType[*FieldError](err)
		if op.subject != nil && (err == nil || hasBadField) {
			if err := checkSubject(op.subject(value), args.subject); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// call carries out an operation. Every service method uses it. The function accept reads
// a successful response.
func (c *core) call(
	ctx context.Context, op operation, args arguments, accept func(*Response) error,
) error {
	if c == nil {
		return withoutClient(op, args.options)
	}
	settings, err := c.settings.with(op, args.options)
	if op.isKeyed() && !settings.hasKey {
		settings.key, err = c.newKey(err)
	}
	failure := newError(op, settings)
	c.underway.Add(1)
	defer c.leave()
	switch {
	case ctx == nil:
		err = errNoContext
	case c.closed.Load():
		err = errClosed
	}
	err = errors.Join(args.invalid, err, settings.checkAge(op, c.clock.Local()))
	if err != nil {
		failure.Err = err
		return failure
	}
	return c.attempts(ctx, failure, exchange{
		operation:  op,
		settings:   settings,
		authorized: true,
		send: func(ctx context.Context, token *oauth2.Token, now time.Time) (*http.Response, error) {
			return args.send(ctx, c.callEditor(settings, failure, token, now))
		},
		accept: accept,
	})
}

// newError returns the error of a call that has not been sent yet. The error carries the
// idempotency key and, if the call resumes an earlier call, the outcome of the earlier
// call.
func newError(op operation, s settings) *Error {
	failure := &Error{Operation: op.id}
	if op.isKeyed() {
		failure.IdempotencyKey = s.key
	}
	if op.isWrite() {
		failure.Outcome = OutcomeRefused
	}
	if s.resumed != nil && s.resumed.Operation == op.id {
		failure.origin = s.resumed.origin
		if s.resumed.Outcome.isWorseThan(failure.Outcome) {
			failure.Outcome = s.resumed.Outcome
		}
	}
	return failure
}

// withoutClient returns the error of a call whose client or service is nil. The error
// carries an idempotency key that the options give and, if the call resumes an earlier
// call, the outcome of the earlier call.
func withoutClient(op operation, options []CallOption) error {
	settings, err := new(settings).with(op, options)
	failure := newError(op, settings)
	failure.Err = errors.Join(errNoClient, err)
	return failure
}

var errNoClient = errors.New("the client or service is nil: make a client with New")

var errClosed = errors.New("the client is closed: create a new one")

// leave must be called at the end of each call. If the client is closed and no other call
// is in progress, leave closes the idle connections, including the connection that the
// call has just used.
func (c *core) leave() {
	if c.underway.Add(-1) == 0 && c.closed.Load() {
		c.doer.CloseIdleConnections()
	}
}

// newKey returns a random idempotency key and the earlier error, which may be nil. If it
// cannot make a key, it joins the reason to the earlier error.
func (c *core) newKey(earlier error) (uuid.UUID, error) {
	key, err := c.random.key()
	if err != nil {
		return uuid.Nil, errors.Join(earlier, fmt.Errorf("make an idempotency key: %w", err))
	}
	return key, earlier
}

// callEditor returns the editor that sets what differs between calls and attempts, and
// signs the request. The editor runs after the editors of the client, and records in
// failure which request the call sends.
func (c *core) callEditor(
	settings settings, failure *Error, token *oauth2.Token, now time.Time,
) portfolios.RequestEditorFn {
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
		if err := c.signer.signAt(ctx, req, now, settings.covered...); err != nil {
			return err
		}
		return failure.origin.match(req)
	}
}

// observe passes an attempt to the hooks.
func (c *core) observe(ctx context.Context, attempt Attempt) {
	for _, observer := range c.observers {
		observer(ctx, attempt)
	}
}

// message is a request that the generated client does not cover.
type message struct {
	method, path string
	contentType  string
	body         []byte
}

func (c *core) send(
	ctx context.Context, msg message, edit ...portfolios.RequestEditorFn,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, msg.method, c.baseURL+msg.path, bytes.NewReader(msg.body))
	if err != nil {
		return nil, err
	}
	if msg.contentType != "" {
		setHeader(req, "Content-Type", msg.contentType)
	}
	for _, edit := range slices.Concat(c.common, edit) {
		if err := edit(ctx, req); err != nil {
			return nil, err
		}
	}
	return c.doer.Do(req)
}

// setHeader sets a header. The name must be in the canonical form of net/http.
func setHeader(req *http.Request, name, value string) { req.Header[name] = []string{value} }

// setToken sets the header authorization. It always writes "Bearer", as documented,
// although the token endpoint returns "bearer" as token_type.
func setToken(req *http.Request, token *oauth2.Token) {
	setHeader(req, "Authorization", "Bearer "+token.AccessToken)
}
