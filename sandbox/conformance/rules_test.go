package conformance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// These are the sources of the rules. "Choice" marks a rule that Upvest does not
// document; sandbox/README.md lists these choices.
const (
	signatures = "docs.upvest.co, HTTP message signatures"
	draft      = "draft-ietf-httpbis-message-signatures-15"
	digests    = "draft-ietf-httpbis-digest-headers-10"
	auth       = "docs.upvest.co, Authentication"
	versioning = "docs.upvest.co, Versioning"
	errorsPage = "docs.upvest.co, Errors"
	idempotent = "docs.upvest.co, Idempotency"
	rateLimits = "docs.upvest.co, Rate limiting"
	reference  = "docs.upvest.co, Portfolios API reference (openapi.yaml)"
	guide      = "docs.upvest.co, Portfolios guide"
	choice     = "choice"
)

// rule is one rule, with a request that satisfies the rule and a request that breaks the
// rule. Some rules have only one of these requests, or the function run instead.
type rule struct {
	rule, source string
	keeps        func(*caller) *request
	breaks       func(*caller) *request
	// status is the status of the response to the request that breaks the rule, and
	// detail is a part of this response's detail.
	status int
	detail string
	// starts is the beginning of the detail.
	starts string
	// slug is the last part of the problem's type. It is empty if the type is the usual
	// one for the status.
	slug string
	// header is a header field that this response must have, as "name: value".
	header string
	// run replaces the two requests for a rule that needs more requests.
	run func(testing.TB, *caller)
	// writes reports whether run sends requests that need the scope portfolios:admin.
	writes bool
	// needs is what an address must have for the rule to be testable.
	needs need
}

var slugs = map[int]string{
	400: "invalid_request", 401: "unauthorised", 403: "forbidden", 404: "not_found",
	405: "method_not_allowed", 406: "not_acceptable",
	409: "conflict", 413: "content_too_large", 422: "unprocessable_entity", 426: "upgrade_required",
	429: "too_many_requests", 503: "unavailable",
}

// check tests every rule: it sends the rule's requests, and checks the responses.
func check(t *testing.T, c *caller, rules []rule) {
	t.Helper()
	for _, rule := range rules {
		t.Run(rule.rule, func(t *testing.T) {
			t.Logf("source: %s", rule.source)
			if rule.keeps != nil {
				if a := c.send(t, rule.keeps(c)); a.status != http.StatusOK &&
					a.status != http.StatusNoContent {
					t.Errorf("the request that keeps the rule got %d %s, want 200 or 204", a.status, a.body)
				}
			}
			if rule.run != nil {
				rule.run(t, c)
			}
			if rule.breaks != nil {
				rule.refused(t, c, c.send(t, rule.breaks(c)))
			}
		})
	}
}

// refused checks that the response is the problem that the rule expects.
func (rule rule) refused(t testing.TB, c *caller, a response) {
	t.Helper()
	if a.status != rule.status {
		t.Fatalf("an invalid request got the status %d, want %d: %s", a.status, rule.status, a.body)
	}
	slug := rule.slug
	if slug == "" {
		slug = slugs[rule.status]
	}
	p := a.problem(t)
	if want := "https://docs.upvest.co/errors/" + slug; p.Type != want || p.Status != rule.status ||
		p.Title == "" {
		t.Errorf("the problem has the type %q, the status %d and the title %q, want %q, %d and any title",
			p.Type, p.Status, p.Title, want, rule.status)
	}
	if !strings.HasPrefix(p.Detail, rule.starts) || !strings.Contains(p.Detail, rule.detail) ||
		rule.detail == "" {
		t.Errorf("the detail is %q, want it to begin with %q and to contain %q",
			p.Detail, rule.starts, rule.detail)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("the content-type is %q, want application/problem+json", got)
	}
	if got := a.header.Get("Upvest-Request-Id"); got != p.RequestID || uuid.Validate(got) != nil {
		t.Errorf("upvest-request-id is %q and request_id is %q, want the same UUID", got, p.RequestID)
	}
	if _, err := http.ParseTime(a.header.Get("Date")); err != nil {
		t.Errorf("the date of the response is invalid: %v", err)
	}
	if name, value, ok := strings.Cut(rule.header, ": "); ok && a.header.Get(name) != value {
		t.Errorf("the header %s is %q, want %q", name, a.header.Get(name), value)
	}
	for what, secret := range map[string]string{"token": c.token, "secret": c.secret} {
		if secret != "" && strings.Contains(string(a.body), secret) {
			t.Errorf("the response to an invalid request shows the %s of the client", what)
		}
	}
}

// signed returns a function that builds a request, changes it, and then signs it.
func signed(start func(*caller) *request, change func(*request)) func(*caller) *request {
	return func(c *caller) *request {
		r := start(c)
		change(r)
		return r.sign()
	}
}

// tampered returns a function that builds a request, signs it, and then changes it.
func tampered(start func(*caller) *request, change func(*request)) func(*caller) *request {
	return func(c *caller) *request {
		r := start(c).sign()
		change(r)
		return r
	}
}

func get(c *caller) *request  { return c.get() }
func post(c *caller) *request { return c.post() }

// at returns a function that builds a GET request for the target.
func at(target string) func(*caller) *request {
	return func(c *caller) *request { return c.build("GET", target, "", "") }
}

// sends returns a function that builds a request with the method, the target and the
// body.
func sends(method, target, body string) func(*caller) *request {
	return func(c *caller) *request { return c.build(method, target, "application/json", body) }
}

func asIs(*request) {}

// with returns a function that sets a header, and leaves the list of covered components
// unchanged.
func with(name, value string) func(*request) {
	return func(r *request) { r.set(name, value) }
}

// without returns a function that removes a header from the request and from the list of
// covered components.
func without(name string) func(*request) {
	return func(r *request) {
		r.remove(name)
		r.uncover(name)
	}
}

func covering(name string) func(*request) {
	return func(r *request) { r.cover(name) }
}

func notCovering(name string) func(*request) {
	return func(r *request) { r.uncover(name) }
}

// replacing returns a function that replaces a string in the body.
func replacing(text, with string) func(*request) {
	return func(r *request) { r.setBody(strings.Replace(r.body, text, with, 1)) }
}
