package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
)

// TokenOperation is the name of the token endpoint in faults and in the log of requests. The others are the operationIds of openapi.yaml.
const TokenOperation = openapi.Token

// Fault makes the sandbox fail on demand. It meets requests that passed every check: a wrong request gets its own error and leaves the
// fault for the next one, and a signature that met a fault is used up like any other. Its parts can be put together.
type Fault struct {
	// Operation is the operationId that the fault waits for, or TokenOperation. Empty means any.
	Operation string
	// Count is how many requests meet the fault. 0 means one, a negative number means every one until ClearFaults.
	Count int

	// After lets the request act first, so that only its answer fails: the effect is there, and the client cannot know. Without it, a
	// fault with a Status, a Body or a Reset takes the place of the effect. The other parts never prevent it.
	After bool
	// Delay is how long to wait: before acting, or with After before answering. It ends early when the client goes away, and then
	// nothing more is done.
	Delay time.Duration

	// Reset cuts the connection (TCP reset) instead of answering.
	Reset bool
	// Status is the status of the answer. From 400 on, and without a Body, the body is a problem of the type that is documented for it.
	Status int
	// Header is added to the answer and replaces what has the same name, such as Retry-After, Location or Date.
	Header http.Header
	// Body takes the place of the body. nil leaves it, and an empty one empties it.
	Body []byte
	// ContentType is the content type that goes with Body, such as text/html.
	ContentType string
	// Pad is the number of spaces to send after the body: JSON stays JSON, but grows beyond what a client wants to read.
	Pad int
	// CutBody sends half of the body and then cuts the connection.
	CutBody bool
	// BodyDelay is how long to wait in the middle of the body.
	BodyDelay time.Duration
	// DateSkew is added to the Date header.
	DateSkew time.Duration
}

// Inject adds a fault. Faults wait in the order in which they were injected, and each request meets at most one. A fault that the answer of
// its operation could not carry out, such as a cut body where there is none, is refused; one for any operation waits for one that can.
func (s *Sandbox) Inject(f Fault) error {
	if err := f.check(s.contract); err != nil {
		return fmt.Errorf("inject a fault: %w", err)
	}
	f.Header = f.Header.Clone()
	f.Body = slices.Clone(f.Body)
	if f.Count == 0 {
		f.Count = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.waiting) == maxFaults {
		return fmt.Errorf("inject a fault: %d are waiting already", maxFaults)
	}
	s.faults.waiting = append(s.faults.waiting, &f)
	return nil
}

// ClearFaults takes back all faults that still wait.
func (s *Sandbox) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.waiting = nil
}

const (
	maxFaults = 10_000
	maxPad    = 1 << 30
)

// A header that net/http would leave out is none.
var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[^\x00\r\n]*$`)
)

func (f *Fault) check(contract *openapi.Contract) error {
	route := contract.Named(f.Operation)
	success := http.StatusOK
	if route != nil {
		success = route.SuccessStatus()
	}
	for name, values := range f.Header {
		if !headerName.MatchString(name) || slices.ContainsFunc(values, func(v string) bool { return !headerValue.MatchString(v) }) {
			return fmt.Errorf("header %q: expected what can be sent as one", name)
		}
	}
	answers := f.Status != 0 || len(f.Header) > 0 || f.Body != nil || f.ContentType != "" || f.DateSkew != 0
	switch {
	case f.Operation != "" && route == nil:
		return fmt.Errorf("operation %q is not an operationId of openapi.yaml, nor %q", f.Operation, TokenOperation)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d: expected 200 to 599", f.Status)
	case f.Delay < 0 || f.BodyDelay < 0:
		return errors.New("delay and body delay: expected at least 0")
	case f.Pad < 0 || f.Pad > maxPad:
		return fmt.Errorf("pad %d: expected 0 to %d", f.Pad, maxPad)
	case f.Reset && (answers || f.needsBody()):
		return errors.New("reset: there is no answer then, so nothing can be asked of one")
	case (f.CutBody || f.BodyDelay > 0) && f.Body != nil && len(f.Body) == 0:
		return errors.New("cut body and body delay: an empty body has no middle")
	case !f.fits(success):
		return errors.New("body, pad, cut body and body delay: the answer has no body; a status that has one can be asked for")
	default:
		return nil
	}
}

func (f *Fault) needsBody() bool { return f.CutBody || f.Pad > 0 || f.BodyDelay > 0 || len(f.Body) > 0 }

// instead reports whether the fault takes the place of the effect.
func (f *Fault) instead() bool { return !f.After && (f.Reset || f.Status != 0 || f.Body != nil) }

// fits reports whether the answer to an operation with that success can do what the fault asks of its body.
func (f *Fault) fits(success int) bool {
	status := success
	switch {
	case f.Status != 0:
		status = f.Status
	case f.instead():
		status = http.StatusOK
	}
	return !f.needsBody() || hasBody(status)
}

// faults are the faults that wait for their requests.
type faults struct {
	mu      sync.Mutex
	waiting []*Fault
}

// meet returns the fault for a request of the operation, nil when there is none.
func (f *faults) meet(route *openapi.Route) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.waiting {
		if fault.Operation != "" && fault.Operation != route.Operation || !fault.fits(route.SuccessStatus()) {
			continue
		}
		if fault.Count--; fault.Count == 0 {
			f.waiting = slices.Delete(f.waiting, i, i+1)
		}
		met := *fault
		return &met
	}
	return nil
}

// actOrFail does what a checked request asks for, unless a fault prevents it, and spoils the answer if one wants that.
func (s *Sandbox) actOrFail(x *exchange) *answer.Answer {
	f := s.faults.meet(x.route)
	if f == nil {
		return s.act(x)
	}
	x.fault = f
	var a *answer.Answer
	if f.After {
		a = s.act(x)
	}
	if !s.pause(x.request.Context(), f.Delay) || f.Reset {
		return &answer.Answer{}
	}
	switch {
	case f.instead():
		a = &answer.Answer{Status: http.StatusOK, Header: http.Header{}}
	case !f.After:
		a = s.act(x)
	}
	return f.spoil(a, x.requestID)
}

// spoil returns the answer as the fault wants it.
func (f *Fault) spoil(a *answer.Answer, requestID string) *answer.Answer {
	if f.Status >= 400 && f.Body == nil {
		a = answer.Refuse(f.Status, "a fault that was asked for").Answer(requestID)
	}
	spoilt := &answer.Answer{Status: a.Status, Header: a.Header.Clone(), Body: a.Body}
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

// pause waits, and reports whether all of the time passed: it ends early with the request and with the sandbox.
func (s *Sandbox) pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.stopping.Done():
		return false
	}
}
