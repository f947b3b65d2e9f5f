package conformance_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// suite returns all rules. The startRules depend on flags of the program: the suite
// reports them as not testable, and other tests of this repository test them.
func (a *address) suite() []rule {
	f := a.fixture
	if f == nil {
		f = &fixture{allocation: newID(), account: newID()}
	}
	accounts := accountRules(*f)
	for i := range accounts {
		accounts[i].needs = needsAccounts
	}
	return slices.Concat(
		headerRules, bodyRules, queryRules, putRules, sizeRules, tokenRules(), scopeRules, problemRules,
		signatureRules(), nonceRules, allSignerRules(), idempotencyRules,
		allocationRules, accounts, dateRules, a.controlRules(), startRules,
	)
}

// scopeRules are the rules for the scopes of a token.
var scopeRules = []rule{{
	rule: "the token has one of the scopes of the operation", source: reference, needs: needsBoth,
	run: func(t testing.TB, c *caller) {
		t.Helper()
		reader := *c
		reader.login(t, "portfolios:read")
		if a := reader.send(t, reader.get().sign()); a.status/100 != 2 {
			t.Errorf("a read with the scope portfolios:read got the status %d, want 2xx", a.status)
		}
		if a := reader.send(t, reader.post().sign()); a.status != http.StatusForbidden {
			t.Errorf("a write with the scope portfolios:read got the status %d, want 403", a.status)
		}
	},
}}

// problemRules are the rules for the form of errors.
var problemRules = []rule{
	{
		rule: "an error is application/problem+json with type and status", source: errorsPage,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			a := c.send(t, at("/portfolios/orders/"+newID())(c).sign())
			p := a.problem(t)
			contentType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
			if contentType != "application/problem+json" || p.Type == "" || p.Status != a.status {
				t.Errorf("got the content-type %q, the type %q and the status %d, "+
					"want application/problem+json, a type and %d", contentType, p.Type, p.Status, a.status)
			}
		},
	},
	{
		rule: "a response has upvest-request-id, and an error repeats it in request_id", source: errorsPage,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			if a := c.send(t, c.get().sign()); a.header.Get("Upvest-Request-Id") == "" {
				t.Error("a success has no upvest-request-id")
			}
			a := c.send(t, at("/portfolios/orders/"+newID())(c).sign())
			if id := a.header.Get("Upvest-Request-Id"); id == "" || id != a.problem(t).RequestID {
				t.Errorf("upvest-request-id is %q and request_id is %q, want the same id",
					id, a.problem(t).RequestID)
			}
		},
	},
}

// nonceRules are the rules for signatures that are sent a second time.
var nonceRules = []rule{{
	rule: "a nonce is used once", source: choice,
	run: func(t testing.TB, c *caller) {
		t.Helper()
		r := c.get().sign()
		first := c.send(t, r)
		again := c.send(t, r)
		if first.status/100 != 2 || again.status != http.StatusUnauthorized {
			t.Errorf("a request sent twice got the statuses %d and %d, want 2xx and 401",
				first.status, again.status)
		}
	},
}}

// keyed returns a write with the given idempotency key.
func (c *caller) keyed(key string) *request {
	r := c.post()
	r.setKey(key)
	return r
}

// idempotencyRules are the rules for writes that are sent a second time.
var idempotencyRules = []rule{
	{
		rule: "a repetition gets the earlier response", source: idempotent, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			first := c.send(t, c.keyed(key).sign())
			again := c.send(t, c.keyed(key).sign())
			if first.status/100 != 2 || again.status != first.status || !bytes.Equal(again.body, first.body) {
				t.Errorf("a write and its repetition got the statuses %d and %d, want 2xx and equal bodies",
					first.status, again.status)
			}
		},
	},
	{
		rule: "a repetition gets a new upvest-request-id", source: choice, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			first := c.send(t, c.keyed(key).sign()).header.Get("Upvest-Request-Id")
			if again := c.send(t, c.keyed(key).sign()).header.Get("Upvest-Request-Id"); again == first {
				t.Errorf("both responses have the upvest-request-id %q, want different ids", first)
			}
		},
	},
	{
		rule: "a key is refused for a different body", source: choice, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			c.send(t, c.keyed(key).sign())
			other := c.keyed(key)
			other.setBody(other.body + " ")
			if a := c.send(t, other.sign()); a.status != http.StatusUnprocessableEntity {
				t.Errorf("a different body with the same key got the status %d, want 422", a.status)
			}
		},
	},
	{
		rule: "concurrent requests with the same key get the same response", source: choice, writes: true,
		run: atOnce,
	},
	{
		rule: "the key of a request that failed can be used again", source: choice, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			failed := c.keyed(key)
			failed.setBody(`{"allocation":[]}`)
			refused := c.send(t, failed.sign())
			if a := c.send(t, c.keyed(key).sign()); refused.status/100 != 4 || a.status/100 != 2 {
				t.Errorf("an invalid and then a valid write got the statuses %d and %d, want 4xx and 2xx",
					refused.status, a.status)
			}
		},
	},
}

func atOnce(t testing.TB, c *caller) {
	t.Helper()
	key := newID()
	responses := make([]response, 5)
	var wait sync.WaitGroup
	for i := range responses {
		r := c.keyed(key).sign()
		wait.Go(func() { responses[i] = c.try(t, r) })
	}
	wait.Wait()
	for _, a := range responses {
		if a.status/100 != 2 || !bytes.Equal(a.body, responses[0].body) {
			t.Errorf("one of the requests got the status %d, want 2xx and the same body for all", a.status)
		}
	}
}

// startRules depend on the flags with which the server was started.
var startRules = []rule{
	{rule: "requests above the rate limit are refused", source: rateLimits, needs: needsStart},
	{rule: "a request that arrives too slowly is refused", source: choice, needs: needsStart},
	{rule: "only listed accounts exist", source: choice, needs: needsStart},
	{rule: "only the user who owns the account may place orders", source: choice, needs: needsStart},
	{rule: "a key of one client is refused for a different client", source: signatures, needs: needsStart},
	{rule: "a token of one client is refused for a different client", source: auth, needs: needsStart},
	{rule: "a write is refused if its response cannot be stored", source: choice, needs: needsStart},
}
