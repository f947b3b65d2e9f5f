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

// WithoutRetry limits each call to one attempt, and to one extra attempt after a 401. The
// other fields of the [RetryPolicy], such as AttemptTimeout, stay as they are.
func WithoutRetry() Option {
	return option(func(s *settings) error {
		s.retry.MaxAttempts = 1
		return nil
	})
}

// WithTimeout limits the duration of a call, including all its attempts and waits. The
// deadline of the context still applies.
func WithTimeout(timeout time.Duration) Option {
	return option(func(s *settings) error {
		if timeout <= 0 {
			return errors.New("timeout: use a positive duration")
		}
		s.timeout = timeout
		return nil
	})
}

// WithResponse stores the last response of the call, as received, in the given variable,
// even if the call fails. If there was no response, the variable stays unchanged.
func WithResponse(response *Response) CallOption {
	return callOption(func(s *settings) error {
		if response == nil {
			return errors.New("response: nil pointer")
		}
		s.response = response
		return nil
	})
}

// keyNamespace separates the keys that are derived here from version 5 UUIDs of other
// origin. It must never change.
var keyNamespace = uuid.MustParse("b6a8ac4c-5a54-4ef5-8e35-1d2cb6a1d3c0")

// WithIdempotencyKey sends the given key with a POST or PATCH, instead of a random key.
// If a call with this key has succeeded and the server still has the key, the server does
// not carry out a repeated call, and returns the earlier response. Upvest documents that
// it keeps keys for at least 24 hours. After the server has deleted a key, it carries out
// a repeated call again. The client refuses a call whose options contain two different
// keys, and a GET, PUT or DELETE that is given a key.
//
// Upvest documents that a key is a UUID of version 0 to 5, and the client refuses any
// other key. If a call returned [ErrOutcomeUnknown], its outcome stays unknown until a
// call with the same key succeeds, even if the server refuses a repeated call, or a
// repeated call is never sent. [Error.Resume] keeps track of this outcome.
func WithIdempotencyKey(key uuid.UUID) CallOption {
	return callOption(func(s *settings) error {
		return errors.Join(s.setKey(key), validate.IdempotencyKey(key))
	})
}

// Resume returns the option that resumes the write that failed with this error, for
// instance with [ErrOutcomeUnknown] or [ErrAccepted]. Pass the option to the same call
// with the same arguments. A POST or PATCH is sent with its idempotency key again, so
// that the server does not carry it out twice. A PUT or DELETE of a service needs no key,
// because carrying it out twice has the same effect as carrying it out once. A PUT or
// DELETE of [Client.Do] is sent again as well, even if it is not Repeatable.
//
// If the new call fails as well, its error keeps an unknown or accepted outcome of the
// failed call, even if the server refuses the new attempts, or if no new attempt is sent.
//
// The client refuses the new call before it is sent if the operation, path or body
// differs from that of the failed call, or if another option gives the new call a
// different idempotency key. The client also refuses a POST or PATCH if this error has no
// key, or if the first attempt was sent more than 23 hours ago, because Upvest documents
// that it keeps keys for at least 24 hours.
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

// IdempotencyKeyOf returns the key that [WithIdempotencyKey] or [Error.Resume], as one of
// these options, gives to a POST or PATCH. Use it in a fake that replaces the client in
// tests. It returns false if the options give no key or two different keys, or if an
// option is nil or invalid. It does not check the options against the call: its
// operation, path and body, and the time of its first attempt.
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

// IdempotencyKeyFor derives a key from the operationId of an operation, such as
// create_portfolios_order, and the caller's ID for the business event, such as the number
// of a savings plan's execution. The same two arguments result in the same key on every
// host and after every restart.
//
// With a derived key, repeating the call is safe for 24 hours after the first attempt,
// because Upvest documents that it keeps keys for at least that time. After 24 hours,
// first find out whether the call was carried out. For an order, list the account's
// orders since the first attempt, and repeat the call only if the order is not among
// them.
//
// Use a different ID for every order. The account and the amount together are not a
// sufficient ID, because a second order for the same amount would get the key of the
// first order, and would not be placed while the server keeps this key.
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

// WithQuery adds a query parameter that this client does not cover. The client refuses to
// send a call that already has this parameter. The parameter is not added to token
// requests.
func WithQuery(name, value string) Option {
	return option(func(s *settings) error { return s.add(queryEdit(name, value)) })
}

// WithBodyField adds a field to the JSON object that a write sends. Use it for a field
// that this client does not cover. The value can be of any type that encoding/json
// writes; pass amounts as strings. The client refuses a call whose body is not an object,
// or already has this field.
func WithBodyField(name string, value any) CallOption {
	return callOption(func(s *settings) error { return s.add(bodyFieldEdit(name, value)) })
}

// WithHeader sets a header that this client does not cover. The signature covers the
// header, unless it is on Upvest's list of headers that signatures never cover. If
// several options set the same header, the last value is sent; the options of a call come
// after those of the client. Headers that the client or net/http sets are refused. The
// header is not added to token requests.
func WithHeader(name, value string) Option {
	return option(func(s *settings) error {
		edit, covered, err := headerEdit(name, value)
		if covered != "" && !slices.Contains(s.covered, covered) {
			s.covered = append(slices.Clip(s.covered), covered)
		}
		return s.add(edit, err)
	})
}

// add appends an edit to the settings, and returns err. It clips the slice, so that
// append copies the array. The settings of every call begin as a copy of the client's
// settings, and would otherwise share the array with them.
func (s *settings) add(edit requestEdit, err error) error {
	s.edits = append(slices.Clip(s.edits), edit)
	return err
}
