package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// ClientOption configures a client or a token source, see [New] and [NewTokenSource].
type ClientOption interface{ applyToClient(config *config) error }

// CallOption configures one call.
type CallOption interface {
	applyToCall(settings *settings) error
}

// AllOption configures how the method All of a service reads a list: [WithPagesAhead], or
// an [Option], which applies to the request of each page.
type AllOption interface{ applyToAll(reading *reading) error }

// Option configures all calls of a client, one call, or the reading of one list,
// depending on where it is passed.
type Option interface {
	ClientOption
	CallOption
	AllOption
}

// Limiter delays each attempt, including token requests, until the attempt may be sent.
// *rate.Limiter of golang.org/x/time/rate implements Limiter.
type Limiter interface {
	Wait(ctx context.Context) error
}

// keyLife is the time after the first attempt of a POST or PATCH during which the write
// may be resumed. Upvest documents that it keeps idempotency keys for at least 24 hours.
// keyLife is one hour shorter, to leave time for attempts and for differences between
// clocks.
const keyLife = 23 * time.Hour

// config holds the values that client options set.
type config struct {
	settings      settings
	client        *http.Client
	tokens        oauth2.TokenSource
	clock         func() time.Time
	random        io.Reader
	limiter       Limiter
	userAgent     string
	signatureBase func(base string)
	observers     []func(context.Context, Attempt)
}

// settings holds the values that can differ from call to call.
type settings struct {
	key      uuid.UUID
	hasKey   bool   // the caller gave the key
	resumed  *Error // the error of the call that this call resumes, or nil
	retry    RetryPolicy
	timeout  time.Duration
	polling  bool // the call is one of the retrievals of Orders.Wait
	response *Response
	edits    []requestEdit // what the caller adds to the request
	covered  []string      // the added headers that the signature must cover
}

// requestEdit changes a request before it is signed.
type requestEdit func(req *http.Request) error

// reading holds the settings for reading a whole list.
type reading struct {
	calls []CallOption
	ahead int
}

type (
	clientOption func(*config) error
	callOption   func(*settings) error
	allOption    func(*reading) error
	option       func(*settings) error
)

func (o clientOption) applyToClient(c *config) error { return o(c) }
func (o callOption) applyToCall(s *settings) error   { return o(s) }
func (o allOption) applyToAll(r *reading) error      { return o(r) }
func (o option) applyToClient(c *config) error       { return o(&c.settings) }
func (o option) applyToCall(s *settings) error       { return o(s) }

func (o option) applyToAll(r *reading) error {
	r.calls = append(r.calls, o)
	return nil
}

// with returns the settings of one call. It applies all options even if some of them are
// invalid, so that the error of the call carries the idempotency key and, if the call
// resumes an earlier call, the outcome of the earlier call.
func (s *settings) with(op operation, options []CallOption) (settings, error) {
	merged := *s
	var problems []error
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("a call option is nil"))
			continue
		}
		if err := option.applyToCall(&merged); err != nil {
			problems = append(problems, err)
		}
	}
	if err := merged.resume(op); err != nil {
		problems = append(problems, err)
	}
	if merged.hasKey && !op.isKeyed() {
		problems = append(problems, fmt.Errorf(
			"idempotency key: a %s takes no key: only a POST or PATCH carries one", op.method))
	}
	return merged, errors.Join(problems...)
}

// resume prepares the settings of a call that resumes an earlier call.
func (s *settings) resume(op operation) error {
	e := s.resumed
	if e == nil {
		return nil
	}
	if e.Operation != op.id {
		return fmt.Errorf("resume: the error belongs to %s, not to this call: "+
			"pass it to the call that returned it", e.Operation)
	}
	if !op.isKeyed() {
		return nil
	}
	err := s.setKey(e.IdempotencyKey)
	// Even if the key is refused, the error of this call must carry it, so that a later
	// call can resume the same write.
	s.key = e.IdempotencyKey
	if s.key == uuid.Nil {
		return errors.New("resume: the error has no idempotency key: " +
			"check whether the write was carried out, then make a new call if it was not")
	}
	return err
}

// checkAge refuses to resume a POST or PATCH whose key the server may have deleted.
func (s *settings) checkAge(op operation, now time.Time) error {
	if s.resumed == nil || !op.isKeyed() || s.resumed.origin.first.IsZero() {
		return nil
	}
	age := now.Sub(s.resumed.origin.first)
	if age <= keyLife {
		return nil
	}
	return fmt.Errorf("resume: the first attempt was sent %s ago, and the server may have deleted its "+
		"idempotency key: check whether the write was carried out, then make a new call if it was not",
		age.Round(time.Minute))
}

// setKey sets the key of the call. The zero UUID counts as a key too, so that the client
// refuses it, and does not send a random key in its place.
func (s *settings) setKey(key uuid.UUID) error {
	if s.hasKey && s.key != key {
		return errTwoKeys
	}
	s.key = key
	s.hasKey = true
	return nil
}

var errTwoKeys = errors.New("idempotency key: the call is given two different keys: give it only one")

// keep stores the response for WithResponse.
func (s *settings) keep(response *Response) {
	if s.response != nil {
		*s.response = *response
	}
}

// readingWith returns the settings for reading a list with these options.
func readingWith(options []AllOption) (reading, error) {
	var r reading
	for _, option := range options {
		if option == nil {
			return r, errors.New("an option is nil")
		}
		if err := option.applyToAll(&r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// orDefault returns value, or a pointer to the given default if value is nil.
func orDefault[T any](value *T, otherwise T) *T {
	if value == nil {
		return &otherwise
	}
	return value
}
