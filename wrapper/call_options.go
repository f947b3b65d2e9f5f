package wrapper

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// WithRetry replaces the retry policy.
func WithRetry(policy RetryPolicy) Option {
	return option(func(s *settings) error {
		s.retry = policy
		return policy.check()
	})
}

// WithoutRetry sends each call once, except that a second attempt with a new token
// follows a 401. The other fields of the [RetryPolicy], such as AttemptTimeout, stay as
// they are.
func WithoutRetry() Option {
	return option(func(s *settings) error {
		s.retry.MaxAttempts = 1
		return nil
	})
}

// WithTimeout limits the duration of a call with all its attempts and waits. The context
// limits it too.
func WithTimeout(timeout time.Duration) Option {
	return option(func(s *settings) error {
		if timeout <= 0 {
			return errors.New("timeout: use a positive duration")
		}
		s.timeout = timeout
		return nil
	})
}

// WithResponse stores the last response of the call as received, also if the call fails.
// If there was no response, it stays as it is.
func WithResponse(response *Response) CallOption {
	return callOption(func(s *settings) error {
		if response == nil {
			return errors.New("response: nil pointer")
		}
		s.response = response
		return nil
	})
}

// keyNamespace separates the keys that are derived here from all other version 5 UUIDs.
// It must never change.
var keyNamespace = uuid.MustParse("b6a8ac4c-5a54-4ef5-8e35-1d2cb6a1d3c0")

// WithIdempotencyKey gives a POST or PATCH the caller's key in place of a random one.
// While the server keeps a key, which Upvest documents as at least 24 hours, it returns
// the same response to a repeated call and does nothing; after that it carries the call
// out again. A call that is given two different keys is refused.
//
// Upvest accepts UUIDs of version 0 to 5. If an earlier call returned
// [ErrOutcomeUnknown], its outcome stays unknown until a repetition succeeds, even if a
// repetition was refused or never sent. [Error.Resume] keeps track of that.
func WithIdempotencyKey(key uuid.UUID) CallOption {
	return callOption(func(s *settings) error {
		return errors.Join(s.setKey(key), validate.IdempotencyKey(key))
	})
}

// Resume returns the option that resumes a write whose outcome is unknown. Pass it to the
// same call with the same arguments. A POST or PATCH is sent with its idempotency key, so
// that the server does not carry it out twice. A PUT or DELETE has no key, because it has
// the same effect if it is repeated.
//
// Until an attempt succeeds, the resumed call reports the outcome of this error, even if
// the server refuses the new attempt or it is never sent.
//
// The call is refused before anything is sent if it is another operation, if its path or
// body differs, if it is given another idempotency key, if this error of a POST or PATCH
// has no key, or more than 23 hours after the first attempt of a POST or PATCH, because
// Upvest documents that it keeps keys for 24 hours.
func (e *Error) Resume() CallOption {
	return callOption(func(s *settings) error {
		if e == nil {
			return errors.New("resume: the error is nil")
		}
		earlier := s.resumed
		if earlier == nil || !earlier.Outcome.isWorseThan(e.Outcome) {
			s.resumed = e
		}
		if earlier != nil && earlier.IdempotencyKey != e.IdempotencyKey {
			return errTwoKeys
		}
		return nil
	})
}

// IdempotencyKeyOf returns the key that these options give to a POST or PATCH, by
// [WithIdempotencyKey] or [Error.Resume]. A fake that replaces the client in tests can
// use it. It returns false if the options give no key, or if a call with them would be
// refused.
func IdempotencyKeyOf(options ...CallOption) (uuid.UUID, bool) {
	var s settings
	for _, option := range options {
		if option == nil || option.applyToCall(&s) != nil {
			return uuid.Nil, false
		}
	}
	if s.resumed != nil {
		key := s.resumed.IdempotencyKey
		if key == uuid.Nil || s.setKey(key) != nil {
			return uuid.Nil, false
		}
	}
	return s.key, s.hasKey
}

// IdempotencyKeyFor derives a key from the operation, by its operationId as in
// create_portfolios_order, and the caller's ID of the business event, such as the number
// of a savings plan's execution. The same two arguments give the same key on every host
// and after every restart.
//
// A derived key makes a repetition safe for 24 hours, because Upvest documents that it
// keeps keys for that time. Later, list the account's orders since the first attempt
// first, and repeat the call only if the order is not among them.
//
// Use a different ID for every order. Account and amount are not enough, because the
// second order of the same amount would get the key of the first, and would never be
// placed.
func IdempotencyKeyFor(operationID, businessID string) (uuid.UUID, error) {
	if operationID == "" || strings.Contains(operationID, "\x00") {
		return uuid.Nil, errors.New("idempotency key: the operation is not an operationId: " +
			"use one like create_portfolios_order")
	}
	if businessID == "" {
		return uuid.Nil, errors.New("idempotency key: the business id is empty")
	}
	return uuid.NewSHA1(keyNamespace, []byte(operationID+"\x00"+businessID)), nil
}

// WithQuery adds a parameter that is not covered by this client to the query. The call is
// refused if it already sets that parameter. Token requests do not get the parameter.
func WithQuery(name, value string) Option {
	return option(func(s *settings) error { return s.add(queryEdit(name, value)) })
}

// WithBodyField adds a field that is not covered by this client to the JSON object that a
// write sends. The value can be of any type that encoding/json writes; pass amounts as
// text. The call is refused if its body is not an object, or if it already sets that
// field.
func WithBodyField(name string, value any) CallOption {
	return callOption(func(s *settings) error { return s.add(bodyFieldEdit(name, value)) })
}

// WithHeader sets a header that is not covered by this client. The signature covers it,
// unless it is on Upvest's list of headers that are never covered. If several options of
// the client and the call set one header, the last value is sent. Headers that the client
// or net/http sets are refused. Token requests do not get the header.
func WithHeader(name, value string) Option {
	return option(func(s *settings) error {
		edit, covered, err := headerEdit(name, value)
		if covered != "" && !slices.Contains(s.covered, covered) {
			s.covered = append(slices.Clip(s.covered), covered)
		}
		return s.add(edit, err)
	})
}

// add appends to a copy: the settings of a client are shared by its calls.
func (s *settings) add(edit requestEdit, err error) error {
	s.edits = append(slices.Clip(s.edits), edit)
	return err
}
