// Package openapi holds requests and answers against openapi.yaml, and finds the operation that a request is for.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/rfc3339"
)

// Contract is openapi.yaml. It is safe for concurrent use.
type Contract struct {
	Doc *openapi3.T
	// Scopes are all scopes that it declares.
	Scopes map[string]bool

	routes  []Route
	options *openapi3filter.Options
}

// Request is a request for an operation.
type Request struct {
	*http.Request
	// Body is the whole body, which is read already.
	Body []byte
	// Route is nil when the request is for no operation.
	Route      *Route
	PathValues map[string]string
}

// Load reads the embedded openapi.yaml, and lets others extend it.
func Load(extend ...func(*openapi3.T) error) (*Contract, error) {
	doc, err := contract.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the embedded openapi.yaml: %w", err)
	}
	for _, one := range extend {
		if err := one(doc); err != nil {
			return nil, err
		}
	}
	c := &Contract{Doc: doc, Scopes: map[string]bool{}, routes: newRoutes(doc), options: &openapi3filter.Options{
		// The pipeline checks tokens and scopes before.
		AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
				_, err := ids.Parse(text)
				return err
			})),
			openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(text string) error {
				_, err := rfc3339.Parse(text)
				return err
			})),
		},
	}}
	for _, scheme := range doc.Components.SecuritySchemes {
		for scope := range scheme.Value.Flows.ClientCredentials.Scopes {
			c.Scopes[scope] = true
		}
	}
	// The pattern of an instrument_id lets single dashes be left out: it decides alone.
	for _, alternative := range doc.Components.Schemas["InstrumentWeight"].Value.Properties["instrument_id"].Value.OneOf {
		alternative.Value.Format = ""
	}
	return c, nil
}

// CheckRequest returns the problem of a request whose parameters or body are not as openapi.yaml says.
func (c *Contract) CheckRequest(r Request) *answer.Problem {
	if r.Route.TakesBody() {
		if p := checkJSON(r.Body); p != nil {
			return p
		}
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		// Whatever reads the query later leaves out what it cannot read.
		return answer.Refuse(http.StatusBadRequest, "the query cannot be read: %s", err)
	}
	err := openapi3filter.ValidateRequest(r.Context(), c.input(r))
	if err == nil {
		return nil
	}
	return answer.Refuse(http.StatusBadRequest, "%s", explain(err))
}

// CheckAnswer returns what in an answer is not as openapi.yaml says.
func (c *Contract) CheckAnswer(r Request, a *answer.Answer) error {
	if r.Method == http.MethodHead {
		return nil
	}
	if r.Route == nil || r.Route.IsToken() {
		return c.checkProblem(a)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input(r), Status: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		Options: c.options,
	}
	return openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), input)
}

// checkProblem is for the answers that no operation of openapi.yaml describes.
func (c *Contract) checkProblem(a *answer.Answer) error {
	if a.Status < 400 {
		return nil
	}
	if got := a.Header.Get("Content-Type"); got != answer.ProblemJSON {
		return fmt.Errorf("content-type of a problem is %q", got)
	}
	var value any
	if err := json.Unmarshal(a.Body, &value); err != nil {
		return fmt.Errorf("read a problem: %w", err)
	}
	return c.Doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.VisitAsResponse())
}

// input gives the validator a request of its own, as it replaces bodies.
func (c *Contract) input(r Request) *openapi3filter.RequestValidationInput {
	request := r.WithContext(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(r.Body))
	request.ContentLength = int64(len(r.Body))
	request.GetBody = nil
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: r.PathValues, QueryParams: request.URL.Query(), Route: r.Route.contract, Options: c.options,
	}
}

// explain names the field that is wrong, and never repeats its value.
func explain(err error) string {
	where := "the body"
	var request *openapi3filter.RequestError
	if !errors.As(err, &request) {
		return err.Error()
	}
	if request.Parameter != nil {
		where = fmt.Sprintf("%s parameter %s", request.Parameter.In, request.Parameter.Name)
	}
	wrong := deepest(request.Err)
	switch {
	case wrong == nil && errors.Is(err, openapi3filter.ErrInvalidRequired):
		return where + " is missing"
	case wrong == nil && request.Parameter != nil:
		return fmt.Sprintf("%s is not a valid %s", where, strings.Join(request.Parameter.Schema.Value.Type.Slice(), " or "))
	case wrong == nil && request.Err != nil:
		return where + ": " + request.Err.Error()
	case wrong == nil:
		return where + ": " + request.Reason
	}
	if field := strings.Join(wrong.JSONPointer(), "."); field != "" {
		where = "body field " + field
	}
	if len(wrong.Schema.OneOf) > 0 {
		return fmt.Sprintf("%s: expected exactly one of %s", where, alternatives(wrong.Schema.OneOf))
	}
	return where + ": " + wrong.Reason
}

// deepest finds the schema error that is furthest inside the value: of several alternatives, the one that came closest to fitting.
func deepest(err error) *openapi3.SchemaError {
	switch err := err.(type) {
	case nil:
		return nil
	case *openapi3.SchemaError:
		// That an alternative lacks its one field says less than that none of them was taken.
		inner := deepest(err.Origin)
		if inner == nil || len(inner.JSONPointer()) <= len(err.JSONPointer()) || len(err.Schema.OneOf) > 0 && inner.SchemaField == "required" {
			return err
		}
		return inner
	case openapi3.MultiError:
		var best *openapi3.SchemaError
		for _, one := range err {
			if found := deepest(one); found != nil && (best == nil || len(found.JSONPointer()) > len(best.JSONPointer())) {
				best = found
			}
		}
		return best
	default:
		return deepest(errors.Unwrap(err))
	}
}

func alternatives(schemas openapi3.SchemaRefs) string {
	names := make([]string, 0, len(schemas))
	for _, schema := range schemas {
		name := strings.Join(schema.Value.Required, " and ")
		if name == "" {
			name = strings.TrimSpace(strings.Join(schema.Value.Type.Slice(), " ") + " " + schema.Value.Pattern)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
