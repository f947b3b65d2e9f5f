package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

// exchange is one request on its way through the pipeline, and what became known of it so far.
type exchange struct {
	request *http.Request
	// sent is its header as it came.
	sent       http.Header
	requestID  string
	world      *world
	time       time.Time
	route      *openapi.Route
	pathValues map[string]string
	client     *client
	body       []byte
	// scopes are those of the access token.
	scopes []string
	// idempotencyKey is the zero UUID for an operation that takes none.
	idempotencyKey uuid.UUID
	replayed       bool
	// refusal is the detail of the problem that ended the way.
	refusal string
	// fault is what was injected for this request, nil for nothing.
	fault *Fault
	// checked: the answer is held against openapi.yaml.
	checked bool
}

// link is one step of the pipeline. A problem ends the way.
type link func(*exchange) *answer.Problem

// serveHTTP frames the pipeline: what every request gets, whatever becomes of it.
func (s *Sandbox) serveHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{
		request: r.Clone(r.Context()), sent: r.Header.Clone(), requestID: uuid.NewString(), world: s.world.Load(), time: s.config.clock.Now(),
		checked: s.config.responseCheck != nil,
	}
	if r.Body == nil {
		x.request.Body = http.NoBody
	}
	x.request.Body = http.MaxBytesReader(w, x.request.Body, s.config.bodyLimit)
	a := s.handle(x)
	if x.checked && x.fault == nil {
		if err := s.contract.CheckAnswer(x.described(), a); err != nil {
			s.config.responseCheck(fmt.Errorf("answer %d to %s %s: %w", a.Status, r.Method, r.URL.Path, err))
		}
	}
	// Before the answer is out: who has read it finds its request in the log.
	s.remember(x, a)
	s.send(w, x, a)
}

// handle takes a request from its arrival to its answer. Each link relies on the ones above it.
func (s *Sandbox) handle(x *exchange) *answer.Answer {
	for _, check := range []link{
		s.findRoute,         // 404, 405: what is asked for?
		s.readBody,          // 413, 408: all of it, if it is not too much
		s.findClient,        // 400, 401: who calls?
		checkVersion,        // 426
		checkAccept,         // 406
		checkContentType,    // 400
		s.checkSignature,    // 401: is it really that client, and is this what it sent?
		s.limitRate,         // 429: too often?
		s.checkToken,        // 401
		checkScope,          // 403
		checkIdempotencyKey, // 400
		s.checkContract,     // 400: are parameters and body as openapi.yaml says?
	} {
		if p := check(x); p != nil {
			return x.refuse(p)
		}
	}
	return s.actOrFail(x)
}

// act does what the request asks for, once per idempotency key.
func (s *Sandbox) act(x *exchange) *answer.Answer {
	var a *answer.Answer
	var p *answer.Problem
	switch {
	case x.route.IsToken():
		a, p = s.tokens.Grant(tokens.Client{ID: x.client.ID, Secret: x.client.Secret, Scopes: x.client.Scopes}, x.body, s.config.clock.Now())
	case x.route.TakesIdempotencyKey():
		key := replays.Key{Client: x.client.ID, ID: x.idempotencyKey}
		same := replays.FingerprintOf(x.request.Method, x.request.URL.RequestURI(), string(x.body))
		a, x.replayed, p = x.world.replays.Once(x.request.Context(), key, same, x.time,
			func() (*answer.Answer, *answer.Problem) { return callLedger(x) })
	default:
		a, p = callLedger(x)
	}
	if p != nil {
		return x.refuse(p)
	}
	return a
}

func (x *exchange) refuse(p *answer.Problem) *answer.Answer {
	x.refusal = p.Detail
	return p.Answer(x.requestID)
}

// described is the request as openapi.yaml describes one.
func (x *exchange) described() openapi.Request {
	return openapi.Request{Request: x.request, Body: x.body, Route: x.route, PathValues: x.pathValues}
}

// callLedger runs the operation.
func callLedger(x *exchange) (*answer.Answer, *answer.Problem) {
	request := x.request.WithContext(ledger.WithClient(x.request.Context(), x.client.ID))
	body, err := x.described().Documented()
	if err != nil {
		return nil, answer.Refuse(http.StatusInternalServerError, "the sandbox failed to read a body that it had checked: %s", err)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	for name, value := range x.pathValues {
		request.SetPathValue(name, value)
	}
	// Both may come in several lines; the generated code knows only one.
	for _, name := range []string{"Signature", "Signature-Input"} {
		request.Header.Set(name, strings.Join(request.Header.Values(name), ", "))
	}
	// A fault that spoils an answer, or a check of it, looks at the whole.
	w := &recorder{header: http.Header{}, status: http.StatusOK, mayStream: x.fault == nil && !x.checked}
	x.world.operations[x.route.Pattern()](w, request)
	return &answer.Answer{Status: w.status, Header: w.header, Body: w.body.Bytes(), Stream: w.stream}, w.problem
}
