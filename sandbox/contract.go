package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// contractCheck holds requests and answers against openapi.yaml.
type contractCheck struct {
	doc     *openapi3.T
	options *openapi3filter.Options
	// scopes are all scopes that openapi.yaml declares.
	scopes map[string]bool
}

// The two forms that the generated code reads, with all dashes or with none. Any version will do.
var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$|^[0-9a-fA-F]{32}$`)

// loadContract reads the embedded openapi.yaml and builds the routes from it and from the ledger.
func (s *Sandbox) loadContract() error {
	doc, err := contract.GetSpec()
	if err != nil {
		return fmt.Errorf("read the embedded openapi.yaml: %w", err)
	}
	s.contract = &contractCheck{doc: doc, scopes: map[string]bool{}, options: &openapi3filter.Options{
		// The pipeline checks tokens and scopes before.
		AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
				if !uuidPattern.MatchString(text) {
					return errors.New("expected a UUID")
				}
				return nil
			})),
			openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(text string) error {
				if _, err := time.Parse(time.RFC3339, text); err != nil {
					return errors.New("expected a date and time as in RFC 3339")
				}
				return nil
			})),
		},
	}}
	for _, scheme := range doc.Components.SecuritySchemes {
		for scope := range scheme.Value.Flows.ClientCredentials.Scopes {
			s.contract.scopes[scope] = true
		}
	}
	// The pattern of an instrument_id lets single dashes be left out: it decides alone.
	for _, alternative := range doc.Components.Schemas["InstrumentWeight"].Value.Properties["instrument_id"].Value.OneOf {
		alternative.Value.Format = ""
	}
	handlers := collector{}
	strict := contract.NewStrictHandlerWithOptions(s.ledger, nil, contract.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: badRequest, ResponseErrorHandlerFunc: refusal,
	})
	contract.HandlerWithOptions(strict, contract.StdHTTPServerOptions{BaseRouter: handlers, ErrorHandlerFunc: badRequest})
	s.routes = newRoutes(doc, handlers)
	return nil
}

// badRequest turns what the generated code says of a header or parameter into a problem. Its errors name the parameter.
func badRequest(w http.ResponseWriter, _ *http.Request, err error) {
	w.(*recorder).problem = refuse(http.StatusBadRequest, "%s", err)
}

// refusal turns what the ledger says into a problem.
func refusal(w http.ResponseWriter, _ *http.Request, err error) {
	var refused *ledger.Refusal
	if !errors.As(err, &refused) {
		w.(*recorder).problem = refuse(http.StatusInternalServerError, "the sandbox failed: %s", err)
		return
	}
	w.(*recorder).problem = refuseAs(refused.Status, refused.Type, "%s", refused.Detail)
}

// checkRequest returns the problem of a request whose parameters or body are not as openapi.yaml says.
func (c *contractCheck) checkRequest(x *exchange) *problem {
	if x.route.takesBody() && len(x.body) > 0 && !json.Valid(x.body) {
		return refuse(http.StatusBadRequest, "the body is not one valid JSON value")
	}
	if _, err := url.ParseQuery(x.request.URL.RawQuery); err != nil {
		// Whatever reads the query later leaves out what it cannot read.
		return refuse(http.StatusBadRequest, "the query cannot be read: %s", err)
	}
	err := openapi3filter.ValidateRequest(x.request.Context(), c.input(x))
	if err == nil {
		return nil
	}
	return refuse(http.StatusBadRequest, "%s", explain(err))
}

// checkAnswer returns what in an answer is not as openapi.yaml says.
func (c *contractCheck) checkAnswer(x *exchange, a *answer) error {
	if x.request.Method == http.MethodHead {
		return nil
	}
	if x.route == nil || x.route.isToken() {
		return c.checkProblem(a)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input(x), Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: c.options,
	}
	return openapi3filter.ValidateResponse(context.WithoutCancel(x.request.Context()), input)
}

// checkProblem is for the answers that no operation of openapi.yaml describes.
func (c *contractCheck) checkProblem(a *answer) error {
	if a.status < 400 {
		return nil
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("content-type of a problem is %q", got)
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		return fmt.Errorf("read a problem: %w", err)
	}
	return c.doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.VisitAsResponse())
}

// input gives the validator a request of its own, as it replaces bodies.
func (c *contractCheck) input(x *exchange) *openapi3filter.RequestValidationInput {
	request := x.request.Clone(x.request.Context())
	if x.idempotencyKey != uuid.Nil {
		request.Header.Set("Idempotency-Key", x.idempotencyKey.String())
	}
	request.Body = io.NopCloser(bytes.NewReader(x.body))
	request.ContentLength = int64(len(x.body))
	request.GetBody = nil
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: x.pathValues, QueryParams: request.URL.Query(), Route: x.route.contract, Options: c.options,
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
