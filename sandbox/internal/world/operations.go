package world

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

// Call carries out the operation that is registered for the pattern. If mayStream is set,
// the body of a list may be generated while the body is being sent.
func (w *World) Call(
	pattern string, r *http.Request, mayStream bool,
) (*response.Response, *response.Problem) {
	recorded := &recorder{header: http.Header{}, status: http.StatusOK, mayStream: mayStream}
	w.operations[pattern](recorded, r)
	return &response.Response{
		Status: recorded.status,
		Header: recorded.header,
		Body:   recorded.body.Bytes(),
		Stream: recorded.stream,
	}, recorded.problem
}

// operations maps each pattern to the handler that the generated code registers for it.
// Package exchange selects the handler instead of [http.ServeMux], which would redirect
// some requests and send its own 404 and 405 responses.
type operations map[string]http.HandlerFunc

func newOperations(l *ledger.Ledger, laterVersions bool) operations {
	o := operations{}
	strict := contract.NewStrictHandlerWithOptions(l, nil, contract.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: badRequest, ResponseErrorHandlerFunc: refused,
	})
	contract.HandlerWithOptions(strict,
		contract.StdHTTPServerOptions{BaseRouter: o, ErrorHandlerFunc: badRequest})
	if laterVersions {
		strict := later.NewStrictHandlerWithOptions(l, nil, later.StrictHTTPServerOptions{
			RequestErrorHandlerFunc: badRequest, ResponseErrorHandlerFunc: refused,
		})
		later.HandlerWithOptions(strict,
			later.StdHTTPServerOptions{BaseRouter: o, ErrorHandlerFunc: badRequest})
	}
	return o
}

// HandleFunc registers a handler. The generated code requires a router that has the
// methods HandleFunc and ServeHTTP, but calls only HandleFunc.
func (o operations) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	o[pattern] = handler
}

func (operations) ServeHTTP(http.ResponseWriter, *http.Request) {}

// recorder is the [http.ResponseWriter] to which the generated code writes. It stores the
// response.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	problem *response.Problem

	mayStream bool
	stream    func(io.Writer) error
}

// Stream stores a function that generates the body of a list while the body is being
// sent, and returns true. If the whole body is needed before the response is sent, Stream
// stores nothing and returns false.
func (r *recorder) Stream(body func(io.Writer) error) bool {
	if r.mayStream {
		r.stream = body
	}
	return r.mayStream
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(body []byte) (int, error) { return r.body.Write(body) }

// badRequest records an error that the generated code returns for an invalid header,
// parameter or body. If a header or parameter is invalid, the error contains its name.
func badRequest(w http.ResponseWriter, _ *http.Request, err error) {
	recordProblem(w, response.Refuse(http.StatusBadRequest, "%s", err))
}

// refused records an error that the ledger returns.
func refused(w http.ResponseWriter, _ *http.Request, err error) {
	var refusal *ledger.Refusal
	if !errors.As(err, &refusal) {
		recordProblem(w, response.Refuse(http.StatusInternalServerError, "the sandbox failed: %s", err))
		return
	}
	recordProblem(w, response.RefuseAs(refusal.Status, refusal.Type, "%s", refusal.Detail))
}

func recordProblem(w http.ResponseWriter, problem *response.Problem) {
	if recorded, ok := w.(*recorder); ok {
		recorded.problem = problem
	}
}
