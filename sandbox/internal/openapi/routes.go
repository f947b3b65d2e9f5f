package openapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

const tokenPath = "/auth/token"

// Route is one operation with its method and path.
type Route struct {
	// Operation is the operationId.
	Operation contract.Operation
	Method    string
	// segments are the parts of the path between its slashes. A path parameter has the
	// form "{name}".
	segments []string
	// declared is the operation in openapi.yaml. It is nil for the token endpoint.
	declared *routers.Route
}

func newRoutes(doc *openapi3.T) []Route {
	routes := []Route{{Operation: contract.Token, Method: http.MethodPost, segments: split(tokenPath)}}
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for method, operation := range item.Operations() {
			routes = append(routes, Route{
				Operation: contract.Operation(operation.OperationID),
				Method:    method,
				segments:  split(path),
				declared: &routers.Route{
					Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation,
				},
			})
		}
	}
	return routes
}

// Named returns the operation with the given operationId, or nil if it does not exist.
func (c *Contract) Named(operation contract.Operation) *Route {
	i := slices.IndexFunc(c.routes, func(r Route) bool { return r.Operation == operation })
	if i < 0 {
		return nil
	}
	return &c.routes[i]
}

// Has reports whether the operation exists.
func (c *Contract) Has(operation contract.Operation) bool { return c.Named(operation) != nil }

// Find returns the route of a request and the values of its path parameters. If there is
// no route, it returns the methods that the path accepts.
func (c *Contract) Find(
	method, escapedPath string,
) (found *Route, values map[string]string, allowed []string) {
	segments := split(escapedPath)
	for i := range c.routes {
		values, ok := c.routes[i].match(segments)
		if !ok {
			continue
		}
		if c.routes[i].Method == method {
			return &c.routes[i], values, nil
		}
		allowed = append(allowed, c.routes[i].Method)
	}
	slices.Sort(allowed)
	return nil, nil, slices.Compact(allowed)
}

func (r *Route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, segment := range segments {
		name, isParameter := strings.CutPrefix(r.segments[i], "{")
		if !isParameter {
			if segment != r.segments[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segment)
		if err != nil || segment == "" {
			return nil, false
		}
		values[strings.TrimSuffix(name, "}")] = value
	}
	return values, true
}

func split(path string) []string {
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

// ResourceOf returns the value of the path parameter at the end of the path, which is the
// id of a resource. It returns "" if the path does not end with a parameter.
func (r *Route) ResourceOf(values map[string]string) string {
	last := r.segments[len(r.segments)-1]
	name, isParameter := strings.CutPrefix(last, "{")
	if !isParameter {
		return ""
	}
	return values[strings.TrimSuffix(name, "}")]
}

// Pattern returns the route as a pattern for [http.ServeMux].
func (r *Route) Pattern() string { return r.Method + " /" + strings.Join(r.segments, "/") }

// IsToken reports whether this is the token endpoint.
func (r *Route) IsToken() bool { return r.declared == nil }

// SuccessStatus returns the success status (2xx) that openapi.yaml declares.
func (r *Route) SuccessStatus() int {
	success := http.StatusOK
	if !r.IsToken() {
		for status := range r.declared.Operation.Responses.Map() {
			if n, err := strconv.Atoi(status); err == nil && n/100 == 2 {
				success = n
			}
		}
	}
	return success
}

// TakesBody reports whether the operation has a request body.
func (r *Route) TakesBody() bool {
	return r.IsToken() || r.declared.Operation.RequestBody != nil
}

// TakesIdempotencyKey reports whether openapi.yaml declares the header idempotency-key
// for the operation.
func (r *Route) TakesIdempotencyKey() bool {
	if r.IsToken() {
		return false
	}
	parameters := r.declared.Operation.Parameters
	return parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key") != nil
}

// Scopes returns the scopes of the operation. A token needs at least one of them.
func (r *Route) Scopes() []string {
	var scopes []string
	if r.IsToken() || r.declared.Operation.Security == nil {
		return nil
	}
	for _, alternative := range *r.declared.Operation.Security {
		for _, names := range alternative {
			scopes = append(scopes, names...)
		}
	}
	return scopes
}
