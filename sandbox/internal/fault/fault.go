// Package fault holds the faults and the latency that a test has set, and decides which
// of them apply to a request. Package exchange delays, changes and cuts the responses.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

// Fault has the fields of sandbox.Fault, which documents them.
type Fault struct {
	Operation contract.Operation
	ClientID  uuid.UUID
	AccountID uuid.UUID
	Nth       int
	Count     int

	After bool
	Delay time.Duration

	Reset       bool
	Status      int
	Header      http.Header
	Body        []byte
	ContentType string
	Pad         int
	CutBody     bool
	BodyDelay   time.Duration
	DateSkew    time.Duration
}

const maxPad = 1 << 30

// Names and values of headers must match these patterns. net/http drops a header with any
// other name, and changes a value with a line break. A value must not contain a NUL.
var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[^\x00\r\n]*$`)
)

// check returns an error if the fault is invalid.
func (f *Fault) check(known Known) error {
	route := known.Contract.Named(f.Operation)
	success := http.StatusOK
	if route != nil {
		success = route.SuccessStatus()
	}
	switch {
	case f.Operation != "" && route == nil:
		return fmt.Errorf("operation %q is not an operationId of openapi.yaml, nor %q",
			f.Operation, contract.Token)
	case !f.hasEffect():
		return errors.New("the fault changes nothing: set a delay, a reset, a status, a header, a body, " +
			"a content type, a pad, a cut body, a body delay or a date skew")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d: expected 200 to 599", f.Status)
	case f.Delay < 0 || f.BodyDelay < 0:
		return errors.New("delay and body delay: expected at least 0")
	case f.Pad < 0 || f.Pad > maxPad:
		return fmt.Errorf("pad %d: expected 0 to %d", f.Pad, maxPad)
	default:
		return errors.Join(f.checkLimits(known), f.checkCombination(success), f.checkHeader())
	}
}

// checkLimits returns an error if no request can match the fault's client, account or
// Nth.
func (f *Fault) checkLimits(known Known) error {
	switch {
	case f.ClientID != uuid.Nil && !known.Client(f.ClientID):
		return fmt.Errorf("client %s is not a client of this sandbox", f.ClientID)
	case f.AccountID != uuid.Nil && !known.Account(f.AccountID):
		return fmt.Errorf("there is no account %s", f.AccountID)
	case f.Nth < 0:
		return fmt.Errorf("nth %d: expected 1 for the first request, or 0, which means the same", f.Nth)
	default:
		return nil
	}
}

// checkCombination returns an error if the fields cannot be combined.
func (f *Fault) checkCombination(success int) error {
	emptied := f.Body != nil && len(f.Body) == 0
	switch {
	case f.Reset && (f.changesResponse() || f.needsBody()):
		return errors.New("reset: a fault with a reset sends no response, so it cannot change one")
	case emptied && (f.CutBody || f.BodyDelay > 0):
		return errors.New("cut body and body delay: an empty body cannot be cut or delayed in the middle")
	case !f.fits(success):
		return errors.New("body, pad, cut body and body delay: the response has no body; " +
			"set a status that allows a body")
	default:
		return nil
	}
}

func (f *Fault) checkHeader() error {
	for name, values := range f.Header {
		invalid := func(value string) bool { return !headerValue.MatchString(value) }
		if !headerName.MatchString(name) || slices.ContainsFunc(values, invalid) {
			return fmt.Errorf("header %q: expected a name and values that can be sent", name)
		}
	}
	return nil
}

// hasEffect reports whether a client can notice the fault.
func (f *Fault) hasEffect() bool {
	return f.Delay != 0 || f.BodyDelay != 0 || f.Pad != 0 || f.Reset || f.changesResponse() || f.needsBody()
}

// changesResponse reports whether the fault changes the status, the header or the body.
func (f *Fault) changesResponse() bool {
	return f.Status != 0 || len(f.Header) > 0 || f.Body != nil || f.ContentType != "" || f.DateSkew != 0
}

func (f *Fault) needsBody() bool {
	return f.CutBody || f.Pad > 0 || f.BodyDelay > 0 || len(f.Body) > 0
}

// ReplacesEffect reports whether the fault prevents the request from being carried out.
func (f *Fault) ReplacesEffect() bool {
	return !f.After && (f.Reset || f.Status != 0 || f.Body != nil)
}

// fits reports whether the response of an operation can have the body that the fault
// needs. success is the operation's success status.
func (f *Fault) fits(success int) bool {
	status := success
	switch {
	case f.Status != 0:
		status = f.Status
	case f.ReplacesEffect():
		status = http.StatusOK
	}
	return !f.needsBody() || response.CanHaveBody(status)
}

// Spoil returns a copy of the response with the status, body, content type and header of
// the fault. Package exchange applies the other fields.
func (f *Fault) Spoil(given *response.Response, requestID string) *response.Response {
	if f.Status >= 400 && f.Body == nil {
		given = response.Refuse(f.Status, "an injected fault").Response(requestID)
	}
	spoilt := &response.Response{Status: given.Status, Header: given.Header.Clone(), Body: given.Body}
	if f.Status != 0 {
		spoilt.Status = f.Status
	}
	if f.Body != nil {
		spoilt.Body = f.Body
	}
	if f.ContentType != "" {
		spoilt.Header.Set("Content-Type", f.ContentType)
	}
	for name, values := range f.Header {
		spoilt.Header[http.CanonicalHeaderKey(name)] = values
	}
	return spoilt
}
