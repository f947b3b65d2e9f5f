package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestProtocolRules(t *testing.T) {
	check(t, start(t).loggedIn(t), slices.Concat(headerRules, bodyRules, queryRules, putRules))
}

// putRules are the rules for PUT requests.
var putRules = []rule{{
	rule: "idempotency-key is optional if the operation does not declare it", source: reference, writes: true,
	run: func(t testing.TB, c *caller) {
		t.Helper()
		made := c.send(t, c.post().sign()).object(t)
		id, _ := made["id"].(string)
		put := c.build("PUT", "/portfolios/allocations/"+id, "application/json", allocationBody)
		if a := c.send(t, put.sign()); a.status/100 != 2 {
			t.Errorf("a PUT without an idempotency-key got %d %s, want 2xx", a.status, a.body)
		}
	},
}}

// headerRules are the rules for the method, the path and the header fields of a request.
var headerRules = []rule{
	{
		rule: "upvest-client-id is present", source: errorsPage,
		keeps:  signed(get, asIs),
		breaks: signed(get, func(r *request) { r.remove("upvest-client-id") }),
		status: 400, slug: "missing_client_id", detail: "upvest-client-id",
	},
	{
		rule: "upvest-client-id is a UUID", source: reference,
		breaks: signed(get, with("upvest-client-id", "me")),
		status: 400, detail: "upvest-client-id",
	},
	{
		rule: "UUIDs have no braces", source: choice,
		keeps: signed(get, func(r *request) {
			r.set("upvest-client-id", strings.ToUpper(r.caller.clientID))
		}),
		breaks: signed(get, func(r *request) { r.set("upvest-client-id", "{"+r.caller.clientID+"}") }),
		status: 400, detail: "upvest-client-id",
	},
	{
		rule: "the client exists", source: auth,
		breaks: signed(get, with("upvest-client-id", uuid.NewString())),
		status: 401, detail: "is not a client of this sandbox",
	},
	{
		rule: "the path is known", source: errorsPage,
		breaks: signed(at("/portfolios/unknown/path"), asIs),
		status: 404, detail: "nothing at this path",
	},
	{
		rule: "a path with a trailing slash is a different path", source: choice,
		breaks: signed(at("/portfolios/allocations/"), asIs),
		status: 404, detail: "nothing at this path",
	},
	{
		rule: "paths are not normalized", source: choice,
		breaks: signed(at("/portfolios//allocations"), asIs),
		status: 404, detail: "nothing at this path",
	},
	{
		rule: "the path has the method", source: errorsPage,
		breaks: signed(sends("DELETE", "/portfolios/allocations", ""), asIs),
		status: 405, detail: "GET, POST", header: "Allow: GET, POST",
	},
	{
		rule: "the method of the token endpoint is POST", source: auth,
		breaks: signed(at("/auth/token"), asIs),
		status: 405, detail: "POST", header: "Allow: POST",
	},
	{
		rule:   "if two path templates match, the template with the method is used",
		source: reference,
		breaks: signed(at("/portfolios/orders/liquidation_request"), asIs),
		status: 400, detail: "portfolio_order_id",
	},
	{
		rule: "the version is optional", source: versioning,
		keeps:  signed(get, without("upvest-api-version")),
		breaks: signed(get, with("upvest-api-version", "2")),
		status: 426, detail: `upvest-api-version is "2", expected 1`,
	},
	{
		rule: "the version is only the MAJOR component", source: versioning,
		breaks: signed(get, with("upvest-api-version", "1.0")),
		status: 426, detail: "expected 1",
	},
	{
		rule: "the version has no quotation marks", source: versioning,
		breaks: signed(get, with("upvest-api-version", `"1"`)),
		status: 426, detail: "expected 1",
	},
	{
		rule: "accept is present", source: signatures,
		breaks: signed(get, without("accept")),
		status: 406, detail: "expected exactly application/json",
	},
	{
		rule: "accept is only application/json", source: signatures,
		breaks: signed(get, with("accept", "application/json, application/problem+json")),
		status: 406, detail: "expected exactly application/json",
	},
	{
		rule: "content-type is application/json", source: reference,
		keeps:  signed(post, asIs),
		breaks: signed(post, with("content-type", "text/plain")),
		status: 400, detail: "content-type",
	},
	{
		rule: "content-type has no charset", source: choice,
		breaks: signed(post, with("content-type", "application/json; charset=utf-8")),
		status: 400, detail: "content-type",
	},
	{
		rule: "a read has no body", source: choice,
		breaks: signed(sends("GET", "/portfolios/allocations", "{}"), asIs),
		status: 400, detail: "the body",
	},
	{
		rule: "a write has a body", source: reference,
		breaks: signed(sends("POST", "/portfolios/allocations", ""), asIs),
		status: 400, detail: "the body is missing",
	},
	{
		rule: "the token is a bearer token", source: auth,
		breaks: signed(get, with("authorization", "Basic eA==")),
		status: 401, detail: "Bearer",
	},
	{
		rule: "the token was issued by the server", source: auth,
		breaks: signed(get, with("authorization", "Bearer ory_at_unknown")),
		status: 401, detail: "the access token is not known",
	},
	{
		rule: "idempotency-key is present if the operation declares it", source: reference,
		breaks: signed(post, without("idempotency-key")),
		status: 400, slug: "missing_idempotency_key", detail: "idempotency-key",
	},
	{
		rule: "idempotency-key is a UUID of version 0 to 5", source: idempotent,
		keeps:  signed(post, with("idempotency-key", "F11504212E3442B6AAE952EF157065B9")),
		breaks: signed(post, with("idempotency-key", uuid.Must(uuid.NewV7()).String())),
		status: 400, detail: "idempotency-key",
	},
	{
		rule: "each dash of an idempotency-key is optional", source: idempotent,
		keeps: signed(post, with("idempotency-key", "123456781234-4234-8123-123456789012")),
	},
}

func TestTokenRules(t *testing.T) {
	check(t, start(t, "-client", "scopes=portfolios:read").caller(t), tokenRules())
}

// tokenRules are the rules for token requests.
func tokenRules() []rule {
	form := func(change func(form map[string][]string)) func(*caller) *request {
		return signed(func(c *caller) *request {
			values := c.form("portfolios:read")
			change(values)
			return c.build("POST", "/auth/token", "application/x-www-form-urlencoded", values.Encode())
		}, asIs)
	}
	rules := []rule{
		{
			rule: "the token request is a form", source: auth,
			keeps:  signed(asksToken, asIs),
			breaks: signed(asksToken, with("content-type", "application/json")),
			status: 400, detail: "content-type",
		},
		{
			rule: "the token request accepts JSON", source: signatures,
			breaks: signed(asksToken, with("accept", "*/*")),
			status: 406, detail: "accept",
		},
		{
			rule: "the form is well-formed", source: auth,
			breaks: signed(asksToken, func(r *request) {
				r.setBody("client_secret=" + r.caller.secret + "%zz")
			}),
			status: 400, detail: "the body is not a form",
		},
		{
			rule: "the grant type is client_credentials", source: auth,
			breaks: form(func(f map[string][]string) { f["grant_type"] = []string{"password"} }),
			status: 400, detail: "grant_type",
		},
		{
			rule: "client_id in the form is the same as upvest-client-id", source: auth,
			breaks: form(func(f map[string][]string) { f["client_id"] = []string{uuid.NewString()} }),
			status: 401, detail: "client_id",
		},
		{
			rule: "client_secret is correct", source: auth,
			breaks: form(func(f map[string][]string) { f["client_secret"] = []string{"wrong"} }),
			status: 401, detail: "client_secret",
		},
		{
			rule: "a form field appears once", source: choice,
			breaks: form(func(f map[string][]string) { f["scope"] = append(f["scope"], "portfolios:read") }),
			status: 400, detail: "scope",
		},
		{
			rule: "requested scopes are documented", source: auth,
			breaks: form(func(f map[string][]string) {
				f["scope"] = []string{"portfolios:read portfolios:everything"}
			}),
			status: 400, detail: "scope",
		},
		{
			rule: "scopes are among those allowed for the client", source: auth, needs: needsReadOnly,
			breaks: form(func(f map[string][]string) { f["scope"] = []string{"portfolios:admin"} }),
			status: 401, detail: "scope",
		},
	}
	for _, field := range []string{"client_id", "client_secret", "grant_type", "scope"} {
		rules = append(rules, rule{
			rule: field + " is present", source: auth,
			breaks: form(func(f map[string][]string) { delete(f, field) }),
			status: 400, detail: "form field " + field,
		})
	}
	return rules
}

func TestTokenHasAScopeAndALifetime(t *testing.T) {
	p := start(t, "-client", "scopes=portfolios:read", "-token-lifetime", "90s")
	c := p.caller(t)
	granted := c.send(t, c.tokenRequest("portfolios:admin portfolios:read").sign())
	got := granted.object(t)
	if got["scope"] != "portfolios:read" || got["token_type"] != "bearer" || got["expires_in"] != 90.0 ||
		!strings.HasPrefix(got["access_token"].(string), "ory_at_") {
		t.Errorf("got %s, want a token with the scope portfolios:read for 90 seconds", granted.body)
	}
	c.token = got["access_token"].(string)
	check(t, c, []rule{{
		rule: "the token has one of the scopes of the operation", source: reference,
		keeps:  signed(get, asIs),
		breaks: signed(post, asIs),
		status: 403, detail: "portfolios:admin",
	}})
	p.advance(t, 89*time.Second)
	check(t, c, []rule{{rule: "a token is valid until it expires", source: auth, keeps: signed(get, asIs)}})
	p.advance(t, time.Second)
	check(t, c, []rule{{
		rule: "an expired token is refused", source: auth,
		breaks: signed(get, asIs),
		status: 401, detail: "the access token expired",
	}})
	c.login(t, "portfolios:read")
	check(t, c, []rule{{rule: "a new token is granted", source: auth, keeps: signed(get, asIs)}})
	if status := p.control(t, "DELETE", "tokens", nil, nil); status != http.StatusNoContent {
		t.Errorf("revoking the tokens returned the status %d, want 204", status)
	}
	check(t, c, []rule{{
		rule: "a revoked token is refused", source: choice,
		breaks: signed(get, asIs),
		status: 401, detail: "the access token is not known",
	}})
}

// user is the ID of the user who places the orders. Some requests also use it where any
// valid UUID is sufficient, for instance as the ID of an account.
const user = "4b9732bd-7496-4e91-8a5f-6360479d7fed"

// order returns the body of an order, with the given field instead of the valid field of
// the same name.
func order(field string) string {
	fields := []string{
		`"user_id":"` + user + `"`, `"account_id":"` + user + `"`, `"cash_amount":"5"`, `"currency":"EUR"`,
		`"side":"BUY"`,
	}
	name, _, _ := strings.Cut(field, ":")
	for i := range fields {
		if strings.HasPrefix(fields[i], name+":") {
			fields[i] = field
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}
