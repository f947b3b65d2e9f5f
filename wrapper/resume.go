package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// keyLife is how long after its first attempt a POST or PATCH may be resumed. Upvest
// keeps idempotency keys for at least 24 hours; an hour is the margin for clocks and
// attempts.
const keyLife = 23 * time.Hour

// origin identifies the request that a call sends, and every call that resumes it.
type origin struct {
	path   string
	digest string    // the content-digest of the body, "" without one
	first  time.Time // when the first attempt was sent; the zero time means never
}

// Resume returns the option that resumes a write whose outcome is unknown, in the same
// call with the same arguments. A POST or PATCH is sent with its idempotency key, so that
// it does not happen twice. A PUT or DELETE has the same effect however often it is
// carried out, and has no key.
//
// The doubt goes along: until an attempt succeeds, the resumed call reports the outcome
// of this error, even if the server refuses the new attempt or it is never sent.
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
		if s.resumed != nil && s.resumed.Outcome.isWorseThan(e.Outcome) {
			return nil
		}
		s.resumed = e
		return nil
	})
}

// isWorseThan reports whether an outcome leaves more behind than another one.
func (o Outcome) isWorseThan(other Outcome) bool {
	return outcomeRank[o] > outcomeRank[other]
}

var outcomeRank = map[Outcome]int{OutcomeRefused: 1, OutcomeUnknown: 2, OutcomeAccepted: 3}

// resume prepares the settings of a call that resumes another one.
func (s *settings) resume(op operation) error {
	e := s.resumed
	if e == nil {
		return nil
	}
	if e.Operation != op.id {
		return fmt.Errorf("resume: the error is of %s, not of this call: "+
			"resume it in the call that returned it", e.Operation)
	}
	if !op.isKeyed() {
		return nil
	}
	if e.IdempotencyKey == uuid.Nil {
		return errors.New("resume: the error has no idempotency key: " +
			"look whether the write was carried out, then make a new call")
	}
	return s.setKey(e.IdempotencyKey)
}

// checkAge refuses to resume a write whose key the server may have forgotten.
func (s *settings) checkAge(op operation, now time.Time) error {
	if s.resumed == nil || !op.isKeyed() || s.resumed.origin.first.IsZero() {
		return nil
	}
	age := now.Sub(s.resumed.origin.first)
	if age <= keyLife {
		return nil
	}
	return fmt.Errorf("resume: the first attempt was sent %s ago, and the server may have forgotten its "+
		"idempotency key: look whether the write was carried out, then make a new call if it was not",
		age.Round(time.Minute))
}

// match records which request a call sends, and refuses one that is not the request that
// the call resumes.
func (o *origin) match(req *http.Request) error {
	path := req.URL.EscapedPath()
	digest := req.Header.Get("Content-Digest")
	if o.path == "" {
		o.path = path
		o.digest = digest
		return nil
	}
	switch {
	case o.path != path:
		return errors.New("resume: the path differs from that of the call that is resumed: " +
			"use the same arguments")
	case o.digest != digest:
		return errors.New("resume: the body differs from that of the call that is resumed: " +
			"use the same arguments")
	}
	return nil
}
