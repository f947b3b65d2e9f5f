package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// exchange is one request on its way through the pipeline, and what became known of it so far.
type exchange struct {
	request    *http.Request
	requestID  string
	time       time.Time
	route      *route
	pathValues map[string]string
	client     *client
	body       []byte
	token      token
	// idempotencyKey is the zero UUID for an operation that takes none.
	idempotencyKey uuid.UUID
	replayed       bool
	// fault is what was injected for this request, nil for nothing.
	fault *Fault
}

// answer is what is to be sent back. One that is kept for replays is shared, so nobody changes it.
type answer struct {
	// status 0 cuts the connection instead.
	status int
	header http.Header
	body   []byte
}

// link is one step of the pipeline. A problem ends the way.
type link func(*exchange) *problem

// handle takes a request from its arrival to its answer. Each link relies on the ones above it.
func (s *Sandbox) handle(x *exchange) *answer {
	for _, check := range []link{
		s.findClient,        // 400, 401: who calls?
		s.limitRate,         // 429: too often?
		s.findRoute,         // 404, 405: what is asked for?
		s.readBody,          // 413, 408: all of it, if it is not too much
		checkVersion,        // 426
		checkAccept,         // 406
		checkContentType,    // 400
		s.checkSignature,    // 401: is it really that client, and is this what it sent?
		s.checkToken,        // 401
		checkScope,          // 403
		checkIdempotencyKey, // 400
		s.checkContract,     // 400: are parameters and body as openapi.yaml says?
	} {
		if p := check(x); p != nil {
			return p.answer(x.requestID)
		}
	}
	return s.actOrFail(x)
}

// act does what the request asks for, once per idempotency key.
func (s *Sandbox) act(x *exchange) *answer {
	switch {
	case x.route.isToken():
		return s.grantToken(x)
	case x.route.takesIdempotencyKey():
		return s.replays.once(x, s.callLedger)
	default:
		return s.callLedger(x)
	}
}

// callLedger runs the operation.
func (s *Sandbox) callLedger(x *exchange) *answer {
	request := x.request.Clone(ledger.WithClient(x.request.Context(), x.client.ID))
	request.Body = io.NopCloser(bytes.NewReader(x.body))
	for name, value := range x.pathValues {
		request.SetPathValue(name, value)
	}
	// Both may come in several lines; the generated code knows only one.
	for _, name := range []string{"Signature", "Signature-Input"} {
		request.Header.Set(name, strings.Join(request.Header.Values(name), ", "))
	}
	if x.route.takesIdempotencyKey() {
		request.Header.Set("Idempotency-Key", x.idempotencyKey.String())
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	x.route.handler(w, request)
	if w.problem != nil {
		return w.problem.answer(x.requestID)
	}
	return &answer{status: w.status, header: w.header, body: w.body.Bytes()}
}

// recorder is the http.ResponseWriter of the generated code.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	problem *problem
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(body []byte) (int, error) { return r.body.Write(body) }

// serveHTTP frames the pipeline: what every request gets, whatever becomes of it.
func (s *Sandbox) serveHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: r, requestID: uuid.NewString(), time: s.config.clock.Now()}
	r.Body = http.MaxBytesReader(w, r.Body, s.config.bodyLimit)
	a := s.handle(x)
	if s.config.responseCheck != nil && x.fault == nil {
		if err := s.contract.checkAnswer(x, a); err != nil {
			s.config.responseCheck(fmt.Errorf("answer %d to %s %s: %w", a.status, r.Method, r.URL.Path, err))
		}
	}
	// Before the answer is out: who has read it finds its request in the log.
	s.log.add(x, a.status)
	s.send(w, x, a)
}

// readBody reads the body to its end or to the limit.
func (s *Sandbox) readBody(x *exchange) *problem {
	body, err := io.ReadAll(x.request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		x.body = body
		return nil
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", s.config.bodyLimit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		p := refuse(http.StatusRequestTimeout, "the request did not arrive within %s", s.config.readTimeout)
		p.header.Set("Connection", "close")
		return p
	default:
		return refuse(http.StatusBadRequest, "the body could not be read: %s", err)
	}
}

func (s *Sandbox) findRoute(x *exchange) *problem {
	found, values, allowed := find(s.routes, x.request.Method, x.request.URL.EscapedPath())
	switch {
	case found != nil:
		x.route, x.pathValues = found, values
		return nil
	case len(allowed) > 0:
		p := refuse(http.StatusMethodNotAllowed, "this path knows %s", strings.Join(allowed, ", "))
		p.header.Set("Allow", strings.Join(allowed, ", "))
		return p
	default:
		return refuse(http.StatusNotFound, "there is nothing at this path")
	}
}

func (s *Sandbox) checkContract(x *exchange) *problem {
	if x.route.isToken() {
		return nil
	}
	return s.contract.checkRequest(x)
}
