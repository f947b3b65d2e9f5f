package sandbox

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// operations are the handlers that the generated code registers, by pattern, so that the pipeline can choose among them by itself: the
// standard mux redirects and answers 404 and 405 in its own words.
type operations map[string]http.HandlerFunc

func newOperations(l *ledger.Ledger, laterVersions bool) operations {
	o := operations{}
	strict := contract.NewStrictHandlerWithOptions(l, nil, contract.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: badRequest, ResponseErrorHandlerFunc: refusal,
	})
	contract.HandlerWithOptions(strict, contract.StdHTTPServerOptions{BaseRouter: o, ErrorHandlerFunc: badRequest})
	if laterVersions {
		maps.Copy(o, later.Operations(l, refusal))
	}
	return o
}

// HandleFunc makes operations what the generated code takes for a mux, as ServeHTTP does.
func (o operations) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	o[pattern] = handler
}

func (o operations) ServeHTTP(http.ResponseWriter, *http.Request) {}

// recorder is the http.ResponseWriter of the generated code.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	problem *answer.Problem

	mayStream bool
	stream    func(io.Writer) error
}

// Stream takes the body of a list, to be made as it is sent, unless it is wanted as a whole before.
func (r *recorder) Stream(body func(io.Writer) error) bool {
	if r.mayStream {
		r.stream = body
	}
	return r.mayStream
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(body []byte) (int, error) { return r.body.Write(body) }

// badRequest turns what the generated code says of a header or parameter into a problem. Its errors name the parameter.
func badRequest(w http.ResponseWriter, _ *http.Request, err error) {
	w.(*recorder).problem = answer.Refuse(http.StatusBadRequest, "%s", err)
}

// refusal turns what the ledger says into a problem.
func refusal(w http.ResponseWriter, _ *http.Request, err error) {
	var refused *ledger.Refusal
	if !errors.As(err, &refused) {
		w.(*recorder).problem = answer.Refuse(http.StatusInternalServerError, "the sandbox failed: %s", err)
		return
	}
	w.(*recorder).problem = answer.RefuseAs(refused.Status, refused.Type, "%s", refused.Detail)
}
