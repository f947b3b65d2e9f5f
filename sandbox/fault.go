package sandbox

import (
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
)

// Fault makes a response fail on demand. It meets requests that passed every check: a
// wrong request gets its own error and leaves the fault for the next one. A signature
// that met a fault is used up like any other. The fields can be combined.
type Fault struct {
	// Operation is the operation that the fault waits for. Empty means any.
	Operation Operation
	// Count is how many requests meet the fault. 0 means one, and a negative number means
	// every request until ClearFaults.
	Count int

	// After lets the request act first, so that only its response fails: the effect is
	// there, and the client cannot know it. Without After, a Status, a Body or a Reset
	// replaces the effect. The other fields never prevent it.
	After bool
	// Delay is how long to wait: before acting, or with After before responding. It ends
	// early when the client goes away. The request then does nothing more.
	Delay time.Duration

	// Reset cuts the connection (TCP reset) instead of responding.
	Reset bool
	// Status is the status of the response. From 400 on, and without a Body, the body is
	// a problem of the type that is documented for the status.
	Status int
	// Header is added to the response and replaces fields with the same name, such as
	// Retry-After, Location or Date.
	Header http.Header
	// Body replaces the body. nil keeps it, and an empty one empties it.
	Body []byte
	// ContentType is the content type of Body, such as text/html.
	ContentType string
	// Pad is the number of spaces to send after the body. JSON stays valid, but becomes
	// larger than a client wants to read.
	Pad int
	// CutBody sends half of the body and then cuts the connection.
	CutBody bool
	// BodyDelay is how long to wait in the middle of the body.
	BodyDelay time.Duration
	// DateSkew is added to the Date header.
	DateSkew time.Duration
}

// Inject adds a fault. Faults wait in the order in which they were injected, and each
// request meets at most one. Inject refuses a fault that the response of its operation
// cannot carry out, such as a cut body where there is none. A fault for any operation
// waits for a response that can.
func (s *Sandbox) Inject(f Fault) error { return s.world.Load().Faults.Add(fault.Fault(f)) }

// ClearFaults removes all faults that still wait.
func (s *Sandbox) ClearFaults() { s.world.Load().Faults.Clear() }
