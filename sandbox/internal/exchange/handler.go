// Package exchange checks each API request, carries it out, and sends the response.
package exchange

import (
	"crypto"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/mask"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// Handler handles API requests.
type Handler struct {
	Contract   *openapi.Contract
	Signatures *signature.Verifier
	Tokens     *tokens.Tokens
	Clients    map[uuid.UUID]*Client
	// World returns the world in which a new request runs.
	World func() *world.World
	// Now is the sandbox's clock.
	Now func() time.Time
	// MachineTime is the clock for rate limits and the Date header.
	MachineTime func() time.Time
	// Stopping is closed when the sandbox stops. This ends the delays of waiting
	// requests.
	Stopping <-chan struct{}

	BodyLimit   int64
	ReadTimeout time.Duration
	// Mask removes secrets from the journal and from problems.
	Mask mask.Masker
	// ResponseCheck is called with each difference between a response and openapi.yaml.
	// If it is nil, the sandbox does not compare responses with openapi.yaml.
	ResponseCheck func(error)
}

// Client is an API client.
type Client struct {
	tokens.Client
	// Keys maps each keyid to a public key of the client.
	Keys map[string]crypto.PublicKey
	// Limiter is nil if the client has no rate limit.
	Limiter *rate.Limiter
}

// exchange is one request with the results of the checks so far.
type exchange struct {
	request *http.Request
	// sent is a copy of the request's header as the client sent it.
	sent       http.Header
	requestID  string
	world      *world.World
	time       time.Time
	route      *openapi.Route
	pathValues map[string]string
	client     *Client
	body       []byte
	// scopes are the scopes of the access token.
	scopes []string
	// idempotencyKey is zero if the operation takes no idempotency key.
	idempotencyKey uuid.UUID
	replayed       bool
	// call is passed to the ledger. The ledger records in it which accounts the request
	// reads or changes.
	call ledger.Call
	// fault is the fault that applies to the request, or nil.
	fault *fault.Fault
	// checked is true if the sandbox compares the response with openapi.yaml.
	checked bool
}

// check returns a problem if the request breaks a rule, and nil if it does not.
type check func(*exchange) *response.Problem

// ServeHTTP handles one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{
		request:   r.Clone(r.Context()),
		sent:      r.Header.Clone(),
		requestID: uuid.NewString(),
		world:     h.World(),
		time:      h.Now(),
		checked:   h.ResponseCheck != nil,
	}
	if r.Body == nil {
		x.request.Body = http.NoBody
	}
	x.request.Body = http.MaxBytesReader(w, x.request.Body, h.BodyLimit)
	given := h.handle(x) //nolint:contextcheck // the exchange holds the request with its context
	if x.checked && x.fault == nil && given.Status != 0 {
		//nolint:contextcheck // the described request holds its context
		if err := h.Contract.CheckResponse(x.described(), given); err != nil {
			h.ResponseCheck(fmt.Errorf("response %d to %s %s: %w", given.Status, r.Method, r.URL.Path, err))
		}
	}
	h.send(w, x, given) //nolint:contextcheck // the exchange holds the request with its context
}

// handle runs the checks on a request in this order until one of them refuses the
// request. If none does, handle carries out the request. The order matters, because a
// check can rely on the checks before it.
func (h *Handler) handle(x *exchange) *response.Response {
	for _, check := range []check{
		h.findRoute,         // 404, 405
		h.readBody,          // 413, 408
		h.findClient,        // 400, 401
		checkVersion,        // 426
		checkAccept,         // 406
		checkContentType,    // 400
		h.checkSignature,    // 401
		h.limitRate,         // 429
		h.checkToken,        // 401
		checkScope,          // 403
		checkIdempotencyKey, // 400
		h.checkContract,     // 400
	} {
		if problem := check(x); problem != nil {
			return h.refuse(x, problem)
		}
	}
	return h.actOrFail(x)
}

// refuse returns the response with a problem. The problem shows no secret, even if the
// request has one in a field or header that the problem quotes.
func (h *Handler) refuse(x *exchange, problem *response.Problem) *response.Response {
	if problem.Status == http.StatusBadRequest && x.blamesPlus(problem.Detail) {
		problem.Detail += "; a + in a query means a space, send %2B for a plus"
	}
	problem.Detail = h.Mask.Values(problem.Detail)
	problem.SignatureBase = h.Mask.Values(problem.SignatureBase)
	return problem.Response(x.requestID)
}

// blamesPlus reports whether the detail of a problem names a query parameter whose value
// was sent with an unescaped plus sign, for example a time with an offset.
func (x *exchange) blamesPlus(detail string) bool {
	for pair := range strings.SplitSeq(x.request.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "" && strings.Contains(value, "+") && strings.Contains(detail, name) {
			return true
		}
	}
	return false
}

// described returns the request in the form that package openapi checks.
func (x *exchange) described() openapi.Request {
	return openapi.Request{Request: x.request, Body: x.body, Route: x.route, PathValues: x.pathValues}
}
