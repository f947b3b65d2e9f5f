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

// ClientOption configures a client, see [New].
type ClientOption interface{ applyToClient(config *config) error }

// CallOption configures one call.
type CallOption interface {
	applyToCall(settings *settings) error
}

// AllOption configures the reading of a whole list with All of a service:
// [WithPagesAhead], or an [Option], which then applies to the request of each page.
type AllOption interface{ applyToAll(reading *reading) error }

// Option configures a client, for all its calls, or one call, or the reading of one list.
type Option interface {
	ClientOption
	CallOption
	AllOption
}

// Limiter delays each attempt, token requests included, until it may be sent.
// *rate.Limiter of golang.org/x/time/rate is one.
type Limiter interface {
	Wait(ctx context.Context) error
}

// config is what client options set.
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

// settings are what may differ from call to call.
type settings struct {
	key      uuid.UUID
	hasKey   bool   // the caller gave the key
	resumed  *Error // of the call that this one resumes; nil for none
	retry    RetryPolicy
	timeout  time.Duration
	polling  bool // the call is one look of many
	response *Response
	edits    []requestEdit // what the caller adds to the request
	covered  []string      // the headers among it that the signature has to cover
}

// reading is how a whole list is read.
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

// with returns the settings of one call. They are complete even if some options are
// invalid, so that the error of the call carries the key and the doubt that it was given.
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
			"idempotency key: a %s takes none, it can be repeated without one", op.method))
	}
	return merged, errors.Join(problems...)
}

// keep passes the response to a caller who asked for it.
func (s *settings) keep(response *Response) {
	if s.response != nil {
		*s.response = *response
	}
}

// readingWith returns how to read a list with these options.
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

func errorUnless(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}

// orDefault returns value, or a pointer to otherwise if value is nil.
func orDefault[T any](value *T, otherwise T) *T {
	if value == nil {
		return &otherwise
	}
	return value
}
