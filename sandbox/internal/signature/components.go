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

// Components that describe a body, covered exactly when there is one.
var ofBody = []string{"content-type", "content-length", "content-digest"}

// forbidden are the components that must never be covered (docs.upvest.co, HTTP message signatures). A trailing "-" stands for all names
// that start so.
var forbidden = []string{
	"signature", "signature-input", "upvest-signature-", "cf-", "cdn-", "cookie", "x-", "sec-", "priority", "user-agent", "accept-encoding",
	"connection", "host", "@authority",
}

// checkCoverage holds the listed components against the documented table: what must be covered, what may be, and what must not.
func checkCoverage(r *Request, listed []string) *Failure {
	must := required(r)
	for _, name := range must {
		if !slices.Contains(listed, name) {
			return fail("component %q is not covered, expected %s", name, quoted(must))
		}
	}
	for _, name := range listed {
		switch {
		case slices.Contains(must, name):
		case name == "upvest-api-version" && sent(r, name):
			// Official clients cover it, the documented table does not list it.
		case name == query && r.URL.ForceQuery:
			// A bare "?" can be read as an empty query or as none.
		case name == query:
			return fail("component %q is covered, but the URL has no query", name)
		case name == token && r.Token:
			return fail("component %q is covered, but a token request has no access token yet", name)
		case slices.Contains(ofBody, name):
			return fail("component %q is covered, but the request has no body", name)
		case slices.ContainsFunc(forbidden, func(f string) bool { return name == f || strings.HasSuffix(f, "-") && strings.HasPrefix(name, f) }):
			return fail("component %q must never be covered, expected %s", name, quoted(must))
		case name == "idempotency-key" || name == "upvest-api-version":
			return fail("component %q is covered, but the header was not sent", name)
		default:
			return fail("component %q is not one of the documented ones, expected %s", name, quoted(must))
		}
	}
	return nil
}

// required lists what this request has to cover.
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
		names = append(names, ofBody...)
	}
	if sent(r, "idempotency-key") {
		names = append(names, "idempotency-key")
	}
	return append(names, clients)
}

func sent(r *Request, name string) bool {
	return len(r.Header.Values(name)) > 0
}

func quoted(names []string) string {
	return `"` + strings.Join(names, `" "`) + `"`
}
