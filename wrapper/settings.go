package wrapper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// settings are what may differ from call to call.
type settings struct {
	key      uuid.UUID
	retry    RetryPolicy
	timeout  time.Duration
	response *Response
	once     bool                  // after an attempt that may have acted there is no other
	turn     func(context.Context) // waits until an answer may be decoded, if not nil
	edits    []requestEdit         // what the caller adds to the request
	covered  []string              // the headers among it that the signature has to cover
}

// CallOption adjusts one call.
type CallOption interface{ applyToCall(*settings) error }

// ClientOption adjusts a client, see [New].
type ClientOption interface{ applyToClient(*config) error }

// Option adjusts a client, for all its calls, or one call, or the reading of one list.
type Option interface {
	ClientOption
	CallOption
	AllOption
}

type (
	callOption   func(*settings) error
	clientOption func(*config) error
	option       func(*settings) error
)

func (o callOption) applyToCall(s *settings) error   { return o(s) }
func (o clientOption) applyToClient(c *config) error { return o(c) }
func (o option) applyToCall(s *settings) error       { return o(s) }
func (o option) applyToClient(c *config) error       { return o(&c.settings) }

// with returns the settings of one call.
func (s settings) with(op operation, options []CallOption) (settings, error) {
	for _, option := range options {
		if option == nil {
			return s, errors.New("a call option is nil")
		}
		if err := option.applyToCall(&s); err != nil {
			return s, err
		}
	}
	if s.key != uuid.Nil && !op.isKeyed() {
		return s, fmt.Errorf("idempotency key: a %s takes none, it can be repeated by its meaning", op.method)
	}
	return s, nil
}

// keep hands the answer to a caller who asked for it.
func (s settings) keep(answer *Response) {
	if s.response != nil {
		*s.response = *answer
	}
}

// WithRetry replaces the retry policy.
func WithRetry(policy RetryPolicy) Option {
	return option(func(s *settings) error {
		s.retry = policy
		return policy.check()
	})
}

// WithoutRetry sends each call once. Only a 401 is still followed by a second attempt with a fresh token.
func WithoutRetry() Option { return WithRetry(RetryPolicy{MaxAttempts: 1}) }

// WithTimeout bounds a call with all its attempts and waits; the context bounds it too.
func WithTimeout(timeout time.Duration) Option {
	return option(func(s *settings) error {
		if timeout <= 0 {
			return errors.New("timeout: use a positive duration")
		}
		s.timeout = timeout
		return nil
	})
}

// WithResponse keeps the last answer of the call as received, for fields that are newer than this client. It is filled on failure too,
// and stays as it is if there was no answer.
func WithResponse(response *Response) CallOption {
	return callOption(func(s *settings) error {
		if response == nil {
			return errors.New("response: nil pointer")
		}
		s.response = response
		return nil
	})
}

// AllOption adjusts the reading of a whole list: [WithRetry] and [WithTimeout], which apply to each page, and [WithPagesAhead].
//
// A list is read in pages of params.Limit rows (100 if it is nil, at least 2), each overlapping the one before by a row. Rows are asked for
// in the order of their ids. While they keep to it, every row that is in the list from beginning to end comes exactly once, whatever comes
// and goes around it, and memory does not grow with the list. Where they do not, each page has to begin with the row that the one before
// ended with; otherwise the reading ends with [ErrListUnreadable], as it does wherever the guarantee cannot be kept. A server that gives a
// single row a page overlaps no pages: there the guarantee holds unless rows before the place both come and go between two requests. An
// error comes once and ends the list. Breaking off is always fine.
type AllOption interface{ applyToAll(*allSettings) error }

type allSettings struct {
	calls []CallOption
	ahead int
}

type allOption func(*allSettings) error

func (o allOption) applyToAll(s *allSettings) error { return o(s) }

func (o option) applyToAll(s *allSettings) error {
	s.calls = append(s.calls, o)
	return nil
}

// WithPagesAhead requests up to that many further pages, at most 16, while one is being handled. Order and guarantee stay the same.
func WithPagesAhead(pages int) AllOption {
	return allOption(func(s *allSettings) error {
		s.ahead = pages
		return orError(pages >= 0 && pages <= 16, "pages ahead: use 0 to 16")
	})
}
