package wrapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// Error is the failure of a call. Its text states in one line what was attempted and what
// went wrong. It contains no secrets, and of the body only the title and detail of a
// problem document, names of fields, and the ID of an object. The fields of Error
// describe the last response. If an attempt was accepted, they describe the response to
// that attempt. [errors.Is] matches [ErrNotFound] and the other kinds of problem by the
// HTTP status, and [ErrOutcomeUnknown] and [ErrAccepted] by the outcome of a write.
// [errors.Is] and [errors.As] also reach Err.
//
// Source: docs.upvest.co, "Errors", and the problem schema of each operation.
//
//nolint:recvcheck // Format and MarshalText have value receivers, so that a copied Error shows no body
type Error struct {
	// Operation is Upvest's operationId, for instance create_portfolios_order, or "token"
	// for the token endpoint.
	Operation string
	// Status is the HTTP status of the response, 0 if there was none.
	Status int
	// Type is the kind of problem, a URL or a single word. Upvest uses both forms, so
	// compare Status instead.
	Type string
	// Title is the kind of problem in words.
	Title string
	// Detail describes this occurrence of the problem: the field "detail" of the
	// response, or the field "details" if the server sends that field instead.
	Detail string
	// Instance is a URI that identifies this occurrence of the problem.
	Instance string
	// RequestID identifies the request for Upvest's support: the header
	// upvest-request-id, or the field request_id of the body if there is no such header.
	// If the call has no response because its token request failed, RequestID and CFRay
	// are those of the token request.
	RequestID string
	// CFRay is the header cf-ray, with which Cloudflare identifies the request. If
	// Cloudflare cannot reach Upvest, it sends the response itself.
	CFRay string
	// Members contains, by name, the other fields of the problem document, and fields
	// whose value has an unexpected type.
	Members map[string]json.RawMessage
	// Body is the body of the response as received, up to 32 MiB.
	Body []byte
	// Outcome reports whether a write was carried out. It is OutcomeNone for a read.
	Outcome Outcome
	// IdempotencyKey is the key that every attempt of a POST or PATCH carried. A call
	// with the option that [Error.Resume] returns is sent with this key.
	IdempotencyKey uuid.UUID
	// Attempts are the attempts of this call in order. If the last attempt was not sent,
	// its Err states why. The attempts of a call that this call resumed are not included.
	// Attempts is empty if the client refused the call before the first attempt, for
	// instance because of an invalid argument.
	Attempts []Attempt
	// Err is the cause, for instance an invalid argument, an error of the network, of the
	// context, of the limiter or of the key, the *Error of a failed token request, a
	// response that cannot be read, or the reason why the client gave up. It is nil if
	// the status of the response is the only cause.
	Err error

	origin   origin
	accepted bool // an attempt was accepted, and its response is kept
	// transient reports whether a later call may succeed, see result.isTransient. It is
	// false if the retry policy allows only one attempt.
	transient  bool
	retryAfter time.Duration // the Retry-After that was too long to wait for, or 0
}

// Is matches the kinds of problem, such as [ErrNotFound], and the outcomes of a write.
func (e *Error) Is(target error) bool {
	if e == nil {
		return false
	}
	if kind, ok := target.(statusKind); ok {
		return int(kind) == e.Status && (e.Operation != tokenOperation.id || isOfToken(e.Status))
	}
	switch target {
	case ErrOutcomeUnknown:
		return e.Outcome == OutcomeUnknown
	case ErrAccepted:
		return e.Outcome == OutcomeAccepted
	}
	return false
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// FirstSent returns when the client began to send the first attempt, by the local clock,
// even if that attempt did not reach the server. It takes into account the calls that
// this call resumed with [Error.Resume], but no other calls that used the same
// idempotency key. It returns the zero time if the client did not try to send an attempt.
func (e *Error) FirstSent() time.Time {
	if e == nil {
		return time.Time{}
	}
	return e.origin.first
}

// nilText is the text of an error that is a nil pointer, as in package net.
const nilText = "<nil>"

// Error states in one line what was attempted and what went wrong.
func (e *Error) Error() string {
	if e == nil {
		return nilText
	}
	parts := []string{e.Operation}
	if e.Status != 0 {
		parts = append(parts, statusText(e.Status))
	}
	for _, text := range []string{e.Title, e.Detail} {
		if text != "" && text != http.StatusText(e.Status) {
			parts = append(parts, wire.Line(text))
		}
	}
	if e.Err != nil {
		parts = append(parts, wire.ErrorLine(e.Err))
	}
	switch e.Outcome {
	case OutcomeUnknown:
		parts = append(parts, ErrOutcomeUnknown.Error())
	case OutcomeAccepted:
		parts = append(parts, ErrAccepted.Error())
	case OutcomeNone, OutcomeRefused:
	}
	text := strings.Join(parts, ": ")
	if hint := hints[e.Status]; hint != "" {
		text += " (" + hint + ")"
	}
	if count := len(e.Attempts); count > 1 {
		text += fmt.Sprintf(" (%d attempts)", count)
	}
	// The text may already contain the request ID, from the error of a token request.
	if id := wire.Line(e.RequestID); id != "" && !strings.Contains(text, id) {
		text += " [request " + id + "]"
	}
	return text
}

// Format prints Error() for every verb, so that %+v and %#v show no body.
func (e Error) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, e.Error()) }

// MarshalText returns Error(), which is also what encoding/json writes.
func (e Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// addCause adds the reason why no further attempt follows.
func (e *Error) addCause(reason error) {
	switch {
	case reason == nil || errors.Is(e.Err, reason):
	case e.Err == nil:
		e.Err = reason
	default:
		e.Err = fmt.Errorf("%w; %w", e.Err, reason)
	}
}
