package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// TokenOperation is the name of the token endpoint in faults and in the log of requests. The others are the operationIds of openapi.yaml.
const TokenOperation = "token"

const tokenPath = "/auth/token"

// route is one operation.
type route struct {
	// operation is the operationId.
	operation string
	method    string
	// segments are the parts of the path between slashes, "{name}" for a parameter.
	segments []string
	handler  http.HandlerFunc
	// contract is the operation in openapi.yaml, nil for the token endpoint, which is not in it.
	contract *routers.Route
}

// collector takes the handlers that the generated code registers, so that the pipeline can choose among them by itself: the standard mux
// redirects and answers 404 and 405 in its own words.
type collector map[string]http.HandlerFunc

func (c collector) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	c[pattern] = handler
}

func (c collector) ServeHTTP(http.ResponseWriter, *http.Request) {}

func newRoutes(doc *openapi3.T, handlers collector) []route {
	routes := []route{{operation: TokenOperation, method: http.MethodPost, segments: split(tokenPath)}}
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for method, operation := range item.Operations() {
			routes = append(routes, route{
				operation: operation.OperationID,
				method:    method,
				segments:  split(path),
				handler:   handlers[method+" "+path],
				contract:  &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation},
			})
		}
	}
	return routes
}

// find returns the route of a request and the values of its path parameters. Without one, it returns the methods that the path knows.
func find(routes []route, method, escapedPath string) (found *route, values map[string]string, allowed []string) {
	segments := split(escapedPath)
	for i := range routes {
		values, ok := routes[i].match(segments)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], values, nil
		}
		allowed = append(allowed, routes[i].method)
	}
	slices.Sort(allowed)
	return nil, nil, slices.Compact(allowed)
}

func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, segment := range segments {
		name, isParameter := strings.CutPrefix(r.segments[i], "{")
		switch {
		case !isParameter && segment != r.segments[i]:
			return nil, false
		case isParameter && segment == "":
			return nil, false
		case isParameter:
			// The path parsed as a URL, so each of its segments does.
			value, err := url.PathUnescape(segment)
			if err != nil {
				return nil, false
			}
			values[strings.TrimSuffix(name, "}")] = value
		}
	}
	return values, true
}

func split(path string) []string {
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

func (r *route) isToken() bool { return r.contract == nil }

func (r *route) takesBody() bool {
	return r.isToken() || r.contract.Operation.RequestBody != nil
}

// takesIdempotencyKey reports whether openapi.yaml declares the idempotency-key header for the operation.
func (r *route) takesIdempotencyKey() bool {
	return !r.isToken() && r.contract.Operation.Parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key") != nil
}

// scopes returns the scopes of which a token needs one.
func (r *route) scopes() []string {
	var scopes []string
	if r.isToken() || r.contract.Operation.Security == nil {
		return nil
	}
	for _, alternative := range *r.contract.Operation.Security {
		for _, names := range alternative {
			scopes = append(scopes, names...)
		}
	}
	return scopes
}
