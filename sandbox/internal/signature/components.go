package signature

import (
	"slices"
	"strings"
)

const (
	method  = "@method"
	path    = "@path"
	query   = "@query"
	clients = "upvest-client-id"
	token   = "authorization"
)

// forbidden are the components that a signature must never cover (docs.upvest.co, HTTP
// message signatures). An entry that ends with "-" stands for all names with this prefix.
var forbidden = []string{
	"signature", "signature-input", "upvest-signature-", "cf-", "cdn-", "cookie", "x-", "sec-",
	"priority", "user-agent", "accept-encoding", "connection", "host", "@authority",
}

func isForbidden(name string) bool {
	return slices.ContainsFunc(forbidden, func(f string) bool {
		return name == f || strings.HasSuffix(f, "-") && strings.HasPrefix(name, f)
	})
}

// checkCoverage compares the listed components with the documented table: a signature
// must cover some components, and must not cover others. It may cover any other header
// that was sent. Two of Upvest's official signers cover the header `date`, and its Go
// proxy covers headers that its caller sends.
func checkCoverage(r *Request, listed []string) *Failure {
	must := required(r)
	for _, name := range must {
		if !slices.Contains(listed, name) {
			return fail("component %q is not covered, expected %s", name, quoted(must))
		}
	}
	for _, name := range listed {
		if !slices.Contains(must, name) {
			if failure := checkOptional(r, name); failure != nil {
				return failure
			}
		}
		if _, failure := componentValue(r, name); failure != nil {
			return failure
		}
	}
	return nil
}

// checkOptional checks a covered component that is not required. It returns a failure if
// a signature must not cover this component.
func checkOptional(r *Request, name string) *Failure {
	switch {
	case name == query && r.URL.ForceQuery:
		// A URL that ends with "?" can be read as a URL with an empty query or without a
		// query. A signature may therefore cover the query, but need not.
		return nil
	case name == query:
		return fail("component %q is covered, but the URL has no query", name)
	case name == token && r.Token:
		return fail("component %q is covered, but a token request has no access token yet", name)
	case isForbidden(name):
		return fail("component %q must never be covered", name)
	case strings.HasPrefix(name, "@"):
		return fail("component %q is not a documented component, expected %s", name, quoted(required(r)))
	default:
		return nil
	}
}

// required returns the components that the signature of this request must cover.
func required(r *Request) []string {
	names := []string{method, path}
	if r.URL.RawQuery != "" {
		names = append(names, query)
	}
	names = append(names, "accept")
	if !r.Token {
		names = append(names, token)
	}
	if len(r.Body) > 0 {
		names = append(names, "content-type", "content-length", "content-digest")
	}
	for _, name := range []string{"idempotency-key", clients} {
		// A token request may name its client in the form instead of in the header.
		if sent(r, name) || name == clients && !r.Token {
			names = append(names, name)
		}
	}
	return names
}

func sent(r *Request, name string) bool {
	return len(r.Header.Values(name)) > 0
}

func quoted(names []string) string {
	return `"` + strings.Join(names, `" "`) + `"`
}
