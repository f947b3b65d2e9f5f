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

// Call carries out the operation with the pattern. If mayStream is set, the body of a
// list may be generated while it is sent.
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

// operations are the handlers that the generated code registers, by pattern. The pipeline
// selects the handler itself, because the standard mux redirects, and sends its own 404
// and 405.
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

// HandleFunc and ServeHTTP let the generated code use operations as a mux.
func (o operations) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	o[pattern] = handler
}

func (operations) ServeHTTP(http.ResponseWriter, *http.Request) {}

// recorder is the [http.ResponseWriter] of the generated code.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	problem *response.Problem

	mayStream bool
	stream    func(io.Writer) error
}

// Stream accepts a function that generates the body of a list while it is sent, unless
// the pipeline needs the whole body first.
func (r *recorder) Stream(body func(io.Writer) error) bool {
	if r.mayStream {
		r.stream = body
	}
	return r.mayStream
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(body []byte) (int, error) { return r.body.Write(body) }

// badRequest records the error of the generated code for a header or parameter. The error
// names it.
func badRequest(w http.ResponseWriter, _ *http.Request, err error) {
	recordProblem(w, response.Refuse(http.StatusBadRequest, "%s", err))
}

// refused records the error of the ledger.
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
