package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
)

// Fault makes a response fail on demand. A fault applies only to requests that pass the
// checks of their headers, signature, access token, parameters and body. Any other
// request gets its usual error, and the fault waits for the next request. The rules of
// the service are checked after the fault: a fault also applies to a request that would
// get, for instance, a 404 for an unknown order. The form of a token request is also
// checked after the fault. A request with a fault uses up its nonce like any other
// request. The fields can be combined, except Reset with a field that changes the
// response.
type Fault struct {
	// Operation limits the fault to requests for one operation. Empty means any
	// operation.
	Operation Operation
	// ClientID limits the fault to the requests of one API client. Zero means any client.
	ClientID uuid.UUID
	// AccountID limits the fault to requests that name the account in their path, query
	// or body, or that name an order or a rebalancing of the account in their path. Zero
	// means any request.
	AccountID uuid.UUID
	// Nth is the number of the first request that gets the fault, counted from 1. Every
	// request that matches the fields above counts, even if a different fault applies to
	// it. A request does not count if its response cannot have the body that the fault
	// needs. 0 means 1.
	Nth int
	// Count is how many requests get the fault. 0 means one request, and a negative
	// number means every request until ClearFaults, Reset or Load.
	Count int

	// After lets the request act first, so that the fault affects only its response.
	// Without After, a fault with a Status, a Body or a Reset prevents the effect of the
	// request. The other fields do not prevent the effect, unless the client disconnects
	// during the Delay.
	After bool
	// Delay is how long the sandbox waits before it carries out the request or, with
	// After, before it responds. If the client disconnects, the wait ends, and the
	// sandbox does nothing more for the request than add it to the journal.
	Delay time.Duration

	// Reset cuts the connection instead of responding. The client receives a TCP reset,
	// also over TLS. With WithoutNetwork, the connection is only closed.
	Reset bool
	// Status is the status of the response. If Status is 400 or higher and Body is nil,
	// the response is a problem document with the usual type for the status, such as
	// not_found for 404.
	Status int
	// Header is added to the response, for instance Retry-After, Location or Date. It
	// replaces header fields with the same names.
	Header http.Header
	// Body replaces the body of the response. An empty slice sends no body. If Body is
	// nil, the response keeps its body; if the fault prevents the effect with a Status
	// below 400, the response has no body.
	Body []byte
	// ContentType is the content type of Body, such as text/html.
	ContentType string
	// Pad is the number of spaces to send after the body. A large Pad makes the body
	// larger than a client accepts, while a JSON body stays valid.
	Pad int
	// CutBody sends half of the body and then cuts the connection.
	CutBody bool
	// BodyDelay is how long to wait in the middle of the body.
	BodyDelay time.Duration
	// DateSkew is added to the Date header.
	DateSkew time.Duration
}

// PendingFault is a fault that waits for further requests.
type PendingFault struct {
	// Fault is the injected fault. Matching requests have already reduced its Nth and its
	// Count, except a negative Count.
	Fault Fault
	// Met is the number of requests to which the fault has been applied.
	Met int
}

// Inject adds a fault. Faults wait in the order in which they were injected, and each
// request gets at most one. Inject refuses a fault that changes nothing, and a fault that
// does not fit the response of its operation, such as a cut body for a response without a
// body. A fault without an operation waits for a response to which the fault can apply.
func (s *Sandbox) Inject(f Fault) error { return s.world.Load().Faults.Add(fault.Fault(f)) }

// PendingFaults returns the faults that wait for further requests, in the order in which
// they were injected. If Met is 0, the fault has been applied to no request yet.
func (s *Sandbox) PendingFaults() []PendingFault {
	waiting := s.world.Load().Faults.Pending()
	pending := make([]PendingFault, len(waiting))
	for i, one := range waiting {
		pending[i] = PendingFault{Fault: Fault(one.Fault), Met: one.Met}
	}
	return pending
}

// ClearFaults removes all faults that wait for requests.
func (s *Sandbox) ClearFaults() { s.world.Load().Faults.Clear() }

// Latency is how long requests wait before the sandbox carries them out. Latency is
// independent of faults: a request can have both a latency and a fault.
type Latency struct {
	// Operation is the slow operation. Empty means every operation that has no entry.
	Operation Operation
	// Delay is the shortest time that a request waits.
	Delay time.Duration
	// Spread is the upper limit of a random time that is added to Delay. WithSeed makes
	// these times repeat from run to run.
	Spread time.Duration
}

// SetLatency replaces the latency of all operations. The profile has at most one entry
// per operation. Without entries, no request waits. A request to which no [Fault] could
// apply, because a check refuses it, does not wait either. If the client disconnects, the
// wait ends and the request has no effect. Reset and Load remove the latency.
func (s *Sandbox) SetLatency(profile ...Latency) error {
	entries := make([]fault.Latency, len(profile))
	for i, one := range profile {
		entries[i] = fault.Latency(one)
	}
	return s.world.Load().Latency.Set(entries)
}

// String returns the fields that are set, without the values of the header and the body.
func (f Fault) String() string {
	var fields []string
	add := func(set bool, format string, value any) {
		if set {
			fields = append(fields, fmt.Sprintf(format, value))
		}
	}
	add(f.Operation != "", "operation %s", f.Operation)
	add(f.ClientID != uuid.Nil, "client %s", f.ClientID)
	add(f.AccountID != uuid.Nil, "account %s", f.AccountID)
	add(f.Nth > 1, "nth %d", f.Nth)
	add(f.Count != 0, "count %d", f.Count)
	add(f.After, "after %t", f.After)
	add(f.Delay != 0, "delay %s", f.Delay)
	add(f.Reset, "reset %t", f.Reset)
	add(f.Status != 0, "status %d", f.Status)
	add(len(f.Header) > 0, "header of %s", slices.Sorted(maps.Keys(f.Header)))
	add(f.Body != nil, "body of %d bytes", len(f.Body))
	add(f.ContentType != "", "content type %s", f.ContentType)
	add(f.Pad != 0, "pad %d", f.Pad)
	add(f.CutBody, "cut body %t", f.CutBody)
	add(f.BodyDelay != 0, "body delay %s", f.BodyDelay)
	add(f.DateSkew != 0, "date skew %s", f.DateSkew)
	return strings.Join(fields, ", ")
}
