package conformance_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestProtocolRules(t *testing.T) {
	c := start(t).loggedIn(t)
	check(t, c, []rule{
		{
			rule: "the client is named", source: errorsPage,
			keeps:  signed(get, asIs),
			breaks: signed(get, func(r *request) { r.remove("upvest-client-id") }),
			status: 400, slug: "missing_client_id", says: "upvest-client-id",
		},
		{
			rule: "the client is a UUID", source: reference,
			breaks: signed(get, func(r *request) { r.set("upvest-client-id", "me") }),
			status: 400, says: "upvest-client-id",
		},
		{
			rule: "UUIDs have no braces", source: choice,
			keeps:  signed(get, func(r *request) { r.set("upvest-client-id", strings.ToUpper(c.clientID)) }),
			breaks: signed(get, func(r *request) { r.set("upvest-client-id", "{"+c.clientID+"}") }),
			status: 400, says: "upvest-client-id",
		},
		{
			rule: "the client is known", source: auth,
			breaks: signed(get, func(r *request) { r.set("upvest-client-id", uuid.NewString()) }),
			status: 401, says: "is not a client of this sandbox",
		},
		{
			rule: "the path is known", source: errorsPage,
			breaks: signed(at("/portfolios/unknown/path"), asIs),
			status: 404, says: "nothing at this path",
		},
		{
			rule: "a path with a slash at the end is another path", source: choice,
			breaks: signed(at("/portfolios/allocations/"), asIs),
			status: 404, says: "nothing at this path",
		},
		{
			rule: "paths are not cleaned", source: choice,
			breaks: signed(at("/portfolios//allocations"), asIs),
			status: 404, says: "nothing at this path",
		},
		{
			rule: "the method is known", source: errorsPage,
			breaks: signed(sends("DELETE", "/portfolios/allocations", ""), asIs),
			status: 405, says: "GET, POST", header: "Allow: GET, POST",
		},
		{
			rule: "the method of the token endpoint is POST", source: auth,
			breaks: signed(at("/auth/token"), asIs),
			status: 405, says: "POST", header: "Allow: POST",
		},
		{
			rule: "of two templates that fit a path, the one that knows the method is taken", source: reference,
			breaks: signed(at("/portfolios/orders/liquidation_request"), asIs),
			status: 400, says: "portfolio_order_id",
		},
		{
			rule: "the version may be left out", source: versioning,
			keeps:  signed(get, func(r *request) { r.remove("upvest-api-version"); r.uncover("upvest-api-version") }),
			breaks: signed(get, func(r *request) { r.set("upvest-api-version", "2") }),
			status: 426, says: `upvest-api-version is "2", expected 1`,
		},
		{
			rule: "the version is the MAJOR component alone", source: versioning,
			breaks: signed(get, func(r *request) { r.set("upvest-api-version", "1.0") }),
			status: 426, says: "expected 1",
		},
		{
			rule: "the version has no quotation marks", source: versioning,
			breaks: signed(get, func(r *request) { r.set("upvest-api-version", `"1"`) }),
			status: 426, says: "expected 1",
		},
		{
			rule: "accept is there", source: signatures,
			breaks: signed(get, func(r *request) { r.remove("accept"); r.uncover("accept") }),
			status: 406, says: "expected exactly application/json",
		},
		{
			rule: "accept is application/json alone", source: signatures,
			breaks: signed(get, func(r *request) { r.set("accept", "application/json, application/problem+json") }),
			status: 406, says: "expected exactly application/json",
		},
		{
			rule: "content-type is application/json", source: reference,
			keeps:  signed(post, asIs),
			breaks: signed(post, func(r *request) { r.set("content-type", "text/plain") }),
			status: 400, says: "content-type",
		},
		{
			rule: "content-type has no charset", source: choice,
			breaks: signed(post, func(r *request) { r.set("content-type", "application/json; charset=utf-8") }),
			status: 400, says: "content-type",
		},
		{
			rule: "a read has no body", source: choice,
			breaks: signed(sends("GET", "/portfolios/allocations", "{}"), asIs),
			status: 400, says: "the body",
		},
		{
			rule: "a write has a body", source: reference,
			breaks: signed(sends("POST", "/portfolios/allocations", ""), asIs),
			status: 400, says: "the body is missing",
		},
		{
			rule: "the token is a bearer token", source: auth,
			breaks: signed(get, func(r *request) { r.set("authorization", "Basic eA==") }),
			status: 401, says: "Bearer",
		},
		{
			rule: "the token was granted", source: auth,
			breaks: signed(get, func(r *request) { r.set("authorization", "Bearer ory_at_unknown") }),
			status: 401, says: "the access token is not known",
		},
		{
			rule: "idempotency-key is there where it is declared", source: reference,
			breaks: signed(post, func(r *request) { r.remove("idempotency-key"); r.uncover("idempotency-key") }),
			status: 400, slug: "missing_idempotency_key", says: "idempotency-key",
		},
		{
			rule: "idempotency-key is a UUID of version 0 to 5", source: idempotent,
			keeps:  signed(post, func(r *request) { r.set("idempotency-key", "F11504212E3442B6AAE952EF157065B9") }),
			breaks: signed(post, func(r *request) { r.set("idempotency-key", uuid.Must(uuid.NewV7()).String()) }),
			status: 400, says: "idempotency-key",
		},
		{
			rule: "of the dashes of an idempotency-key single ones may be left out", source: idempotent,
			keeps: signed(post, func(r *request) { r.set("idempotency-key", "123456781234-4234-8123-123456789012") }),
		},
		{
			rule: "idempotency-key is not needed where it is not declared", source: reference,
			keeps: func(c *caller) *request {
				made := c.build("POST", "/portfolios/allocations", "application/json", allocationBody)
				answer := c.send(t, made.sign())
				return c.build("PUT", "/portfolios/allocations/"+answer.object(t)["id"].(string), "application/json", allocationBody).sign()
			},
		},
		{
			rule: "the body is JSON", source: reference,
			breaks: signed(sends("POST", "/portfolios/allocations", `{"allocation":`), asIs),
			status: 400, says: "the body",
		},
		{
			rule: "the body is one JSON value", source: reference,
			breaks: signed(sends("POST", "/portfolios/allocations", allocationBody+"{}"), asIs),
			status: 400, says: "the body",
		},
		{
			rule: "a field comes once", source: choice,
			breaks: signed(sends("POST", "/portfolios/orders", strings.Replace(order(`"side":"BUY"`), "{", `{"side":"SELL",`, 1)), asIs),
			status: 400, says: "body field side is there twice",
		},
		{
			rule: "a field inside a list comes once", source: choice,
			breaks: signed(post, func(r *request) {
				r.setBody(strings.Replace(allocationBody, `"weight":"0.7"`, `"weight":"1","weight":"0.7"`, 1))
			}),
			status: 400, says: "body field allocation.0.weight is there twice",
		},
		{
			rule: "a field has its case", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", strings.Replace(order(`"side":"BUY"`), `"side"`, `"Side"`, 1)), asIs),
			status: 400, says: "body field side",
		},
		{
			rule: "the body is UTF-8", source: choice,
			keeps:  signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, "World", "W\u00f6rld \\ud83c\\udf0d", 1)) }),
			breaks: signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, "World", "W\xf6rld", 1)) }),
			status: 400, says: "valid JSON value in UTF-8",
		},
		{
			rule: "surrogates come in pairs", source: choice,
			breaks: signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, "World", `\ud83c`, 1)) }),
			status: 400, says: "valid JSON value in UTF-8",
		},
		{
			rule: "required fields are there", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", strings.Replace(order(`"side":"BUY"`), `"cash_amount":"5",`, "", 1)), asIs),
			status: 400, says: "body field cash_amount",
		},
		{
			rule: "fields have their type", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", order(`"cash_amount":5`)), asIs),
			status: 400, says: "body field cash_amount",
		},
		{
			rule: "fields have their pattern", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", order(`"cash_amount":"1e3"`)), asIs),
			status: 400, says: "body field cash_amount",
		},
		{
			rule: "fields are of their enum", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", order(`"side":"HOLD"`)), asIs),
			status: 400, says: "body field side",
		},
		{
			rule: "ids are UUIDs", source: reference,
			breaks: signed(sends("POST", "/portfolios/orders", order(`"account_id":"mine"`)), asIs),
			status: 400, says: "body field account_id",
		},
		{
			rule: "fields inside lists are checked", source: reference,
			breaks: signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, `"0.3"`, `"0.300001"`, 1)) }),
			status: 400, says: "body field allocation.1.weight",
		},
		{
			rule: "an instrument is an ISIN or a UUID", source: reference,
			breaks: signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, "US0378331005", "AAPL", 1)) }),
			status: 400, says: "body field allocation.1.instrument_id",
		},
		{
			rule: "a rebalancing has accounts or allocations", source: reference,
			breaks: signed(sends("POST", "/portfolios/rebalancings/executions", `{}`), asIs),
			status: 400, says: "exactly one of accounts, allocations",
		},
		{
			rule: "a rebalancing has not both", source: reference,
			breaks: signed(sends("POST", "/portfolios/rebalancings/executions", `{"accounts":[],"allocations":[]}`), asIs),
			status: 400, says: "exactly one of accounts, allocations",
		},
		{
			rule: "unknown fields are ignored", source: versioning,
			keeps: signed(post, func(r *request) { r.setBody(strings.Replace(allocationBody, "{", `{"later":1,`, 1)) }),
		},
		{
			rule: "unknown query parameters are ignored", source: versioning,
			keeps: signed(at("/portfolios/allocations?later=1"), asIs),
		},
		{
			rule: "limit is at most 1000", source: reference,
			keeps:  signed(at("/portfolios/allocations?limit=1000"), asIs),
			breaks: signed(at("/portfolios/allocations?limit=1001"), asIs),
			status: 400, says: "query parameter limit",
		},
		{
			rule: "limit is a number", source: reference,
			breaks: signed(at("/portfolios/allocations?limit=many"), asIs),
			status: 400, says: "query parameter limit",
		},
		{
			rule: "a parameter comes once", source: choice,
			breaks: signed(at("/portfolios/allocations?limit=1&limit=2"), asIs),
			status: 400, says: "parameter limit",
		},
		{
			rule: "offset is not negative", source: reference,
			breaks: signed(at("/portfolios/allocations?offset=-1"), asIs),
			status: 400, says: "query parameter offset",
		},
		{
			rule: "sort is of its enum", source: reference,
			keeps:  signed(at("/portfolios/configurations?sort=account_id&order=ASC"), asIs),
			breaks: signed(at("/portfolios/configurations?sort=id"), asIs),
			status: 400, says: "query parameter sort",
		},
		{
			rule: "ids in paths are UUIDs", source: reference,
			breaks: signed(at("/portfolios/orders/1"), asIs),
			status: 400, says: "path parameter portfolio_order_id",
		},
		{
			rule: "ids have their dashes", source: choice,
			keeps:  signed(at("/portfolios/orders?account_id="+user), asIs),
			breaks: signed(at("/portfolios/orders?account_id="+strings.ReplaceAll(user, "-", "")), asIs),
			status: 400, says: "query parameter account_id",
		},
		{
			rule: "ids in bodies have their dashes", source: choice,
			breaks: signed(sends("POST", "/portfolios/orders", order(`"account_id":"`+strings.Replace(user, "-", "", 1)+`"`)), asIs),
			status: 400, says: "body field account_id",
		},
		{
			rule: "of the dashes of an instrument_id single ones may be left out", source: reference,
			keeps: signed(sends("POST", "/portfolios/allocations",
				`{"allocation":[{"instrument_id":"`+strings.Replace(user, "-", "", 1)+`","instrument_id_type":"UPVEST","weight":"1"}]}`), asIs),
		},
		{
			rule: "the query can be read", source: choice,
			keeps:  signed(at("/portfolios/allocations?limit=%31"), asIs),
			breaks: signed(at("/portfolios/allocations?limit=%zz"), asIs),
			status: 400, says: "the query cannot be read",
		},
		{
			rule: "ids in paths exist", source: errorsPage,
			breaks: signed(at("/portfolios/orders/"+uuid.NewString()), asIs),
			status: 404, says: "portfolio_order_id",
		},
	})
}

func TestTokenRules(t *testing.T) {
	c := start(t, "-client", "scopes=portfolios:read").caller(t)
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
			breaks: signed(asksToken, func(r *request) { r.set("content-type", "application/json") }),
			status: 400, says: "content-type",
		},
		{
			rule: "the token request accepts JSON", source: signatures,
			breaks: signed(asksToken, func(r *request) { r.set("accept", "*/*") }),
			status: 406, says: "accept",
		},
		{
			rule: "the form can be read", source: auth,
			breaks: signed(asksToken, func(r *request) { r.setBody("client_secret=" + c.secret + "%zz") }),
			status: 400, says: "the body is not a form",
		},
		{
			rule: "the grant is client_credentials", source: auth,
			breaks: form(func(f map[string][]string) { f["grant_type"] = []string{"password"} }),
			status: 400, says: "grant_type",
		},
		{
			rule: "client_id is that of the header", source: auth,
			breaks: form(func(f map[string][]string) { f["client_id"] = []string{uuid.NewString()} }),
			status: 401, says: "client_id",
		},
		{
			rule: "client_secret is right", source: auth,
			breaks: form(func(f map[string][]string) { f["client_secret"] = []string{"wrong"} }),
			status: 401, says: "client_secret",
		},
		{
			rule: "a field comes once", source: choice,
			breaks: form(func(f map[string][]string) { f["scope"] = append(f["scope"], "portfolios:read") }),
			status: 400, says: "scope",
		},
		{
			rule: "scopes are documented ones", source: auth,
			breaks: form(func(f map[string][]string) { f["scope"] = []string{"portfolios:read portfolios:everything"} }),
			status: 400, says: "scope",
		},
		{
			rule: "scopes are allowed to the client", source: auth,
			breaks: form(func(f map[string][]string) { f["scope"] = []string{"portfolios:admin"} }),
			status: 401, says: "scope",
		},
	}
	for _, field := range []string{"client_id", "client_secret", "grant_type", "scope"} {
		rules = append(rules, rule{
			rule: field + " is there", source: auth,
			breaks: form(func(f map[string][]string) { delete(f, field) }),
			status: 400, says: "form field " + field,
		})
	}
	check(t, c, rules)
}

func TestGrant(t *testing.T) {
	p := start(t, "-client", "scopes=portfolios:read", "-token-lifetime", "90s")
	c := p.caller(t)
	granted := c.send(t, c.tokenRequest("portfolios:admin portfolios:read").sign())
	got := granted.object(t)
	if got["scope"] != "portfolios:read" || got["token_type"] != "bearer" || got["expires_in"] != 90.0 ||
		!strings.HasPrefix(got["access_token"].(string), "ory_at_") {
		t.Errorf("granted %s, want the one allowed scope for 90 seconds", granted.body)
	}
	c.token = got["access_token"].(string)
	check(t, c, []rule{{
		rule: "the token has one of the scopes of the operation", source: reference,
		keeps:  signed(get, asIs),
		breaks: signed(post, asIs),
		status: 403, says: "portfolios:admin",
	}})
	p.advance(t, 89*time.Second)
	check(t, c, []rule{{rule: "a token is good until it expires", source: auth, keeps: signed(get, asIs)}})
	p.advance(t, time.Second)
	check(t, c, []rule{{
		rule: "a token expires", source: auth,
		breaks: signed(get, asIs),
		status: 401, says: "the access token expired",
	}})
	c.login(t, "portfolios:read")
	check(t, c, []rule{{rule: "a new token can be had", source: auth, keeps: signed(get, asIs)}})
	if status := p.control(t, "DELETE", "tokens", nil, nil); status != http.StatusNoContent {
		t.Errorf("revoke: %d", status)
	}
	check(t, c, []rule{{
		rule: "a revoked token is worthless", source: choice,
		breaks: signed(get, asIs),
		status: 401, says: "the access token is not known",
	}})
}

// user owns every account of the tests.
const user = "4b9732bd-7496-4e91-8a5f-6360479d7fed"

// order is the body of an order in which one field is replaced.
func order(field string) string {
	fields := []string{`"user_id":"` + user + `"`, `"account_id":"` + user + `"`, `"cash_amount":"5"`, `"currency":"EUR"`, `"side":"BUY"`}
	name, _, _ := strings.Cut(field, ":")
	for i := range fields {
		if strings.HasPrefix(fields[i], name+":") {
			fields[i] = field
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}
