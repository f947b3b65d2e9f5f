// Package openapi compares requests and responses with openapi.yaml, and finds the
// operation of a request.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// Contract is the content of openapi.yaml. It is safe for concurrent use.
type Contract struct {
	// Scopes are all scopes that openapi.yaml declares.
	Scopes map[string]bool

	doc     *openapi3.T
	routes  []Route
	options *openapi3filter.Options
}

// Request is an HTTP request together with its operation.
type Request struct {
	*http.Request
	// Body is the whole body.
	Body []byte
	// Route is nil if the request matches no operation.
	Route      *Route
	PathValues map[string]string
}

// unchanged reads the embedded openapi.yaml once. All sandboxes of a process that do not
// simulate later versions share the result, because a test can start many sandboxes.
var unchanged = sync.OnceValues(func() (*Contract, error) { return read(nil) })

// Load returns the content of the embedded openapi.yaml, after each of the given
// functions has changed it.
func Load(extend ...func(*openapi3.T) error) (*Contract, error) {
	if len(extend) == 0 {
		return unchanged()
	}
	return read(extend)
}

func read(extend []func(*openapi3.T) error) (*Contract, error) {
	doc, err := contract.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the embedded openapi.yaml: %w", err)
	}
	for _, one := range extend {
		if err := one(doc); err != nil {
			return nil, err
		}
	}
	c := &Contract{Scopes: map[string]bool{}, doc: doc, routes: newRoutes(doc), options: newOptions()}
	for _, scheme := range doc.Components.SecuritySchemes {
		for scope := range scheme.Value.Flows.ClientCredentials.Scopes {
			c.Scopes[scope] = true
		}
	}
	// The pattern of an `instrument_id` makes each dash optional, but the format does
	// not, so the format is not checked.
	instrument := doc.Components.Schemas["InstrumentWeight"].Value.Properties["instrument_id"].Value
	for _, alternative := range instrument.OneOf {
		alternative.Value.Format = ""
	}
	return c, nil
}

func newOptions() *openapi3filter.Options {
	return &openapi3filter.Options{
		// Package exchange has already checked the token and the scope.
		AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidator("uuid", readable(strict.UUID)),
			openapi3.WithStringFormatValidator("date-time", readable(strict.Time)),
		},
	}
}

// readable returns a validator that accepts the strings that read accepts.
func readable[T any](read func(string) (T, error)) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(text string) error {
		_, err := read(text)
		return err
	})
}

// CheckRequest returns a problem if the parameters or the body of a request differ from
// openapi.yaml, if the query cannot be decoded, or if checkJSON refuses the body.
// Otherwise, it returns nil.
func (c *Contract) CheckRequest(r Request) *response.Problem {
	if r.Route.TakesBody() {
		if problem := checkJSON(r.Body); problem != nil {
			return problem
		}
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		// Without this check, the code that later decodes the query would silently skip
		// the parts that it cannot read.
		return response.Refuse(http.StatusBadRequest, "the query cannot be read: %s", err)
	}
	err := openapi3filter.ValidateRequest(r.Context(), c.input(r))
	if err == nil {
		return nil
	}
	return response.Refuse(http.StatusBadRequest, "%s", explain(err))
}

// CheckResponse returns an error if a response differs from openapi.yaml. It does not
// check the response to a HEAD request. Of a request that matches no operation, or a
// token request, it checks only an error response, which must be problem details.
func (c *Contract) CheckResponse(r Request, given *response.Response) error {
	if r.Method == http.MethodHead {
		return nil
	}
	if r.Route == nil || r.Route.IsToken() {
		return c.checkProblem(given)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input(r),
		Status:                 given.Status,
		Header:                 given.Header,
		Body:                   io.NopCloser(bytes.NewReader(given.Body)),
		Options:                c.options,
	}
	return openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), input)
}

// checkProblem checks a response that no operation of openapi.yaml describes. An error
// response must be problem details.
func (c *Contract) checkProblem(given *response.Response) error {
	if given.Status < 400 {
		return nil
	}
	if got := given.Header.Get("Content-Type"); got != response.ProblemJSON {
		return fmt.Errorf("the content-type of a problem is %q, expected %q", got, response.ProblemJSON)
	}
	var value any
	if err := json.Unmarshal(given.Body, &value); err != nil {
		return fmt.Errorf("read a problem: %w", err)
	}
	return c.doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.VisitAsResponse())
}

// input returns the input of the validator with a copy of the request, because the
// validator replaces the request's body.
func (c *Contract) input(r Request) *openapi3filter.RequestValidationInput {
	request := r.WithContext(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(r.Body))
	request.ContentLength = int64(len(r.Body))
	request.GetBody = nil
	return &openapi3filter.RequestValidationInput{
		Request:     request,
		PathParams:  r.PathValues,
		QueryParams: request.URL.Query(),
		Route:       r.Route.declared,
		Options:     c.options,
	}
}
