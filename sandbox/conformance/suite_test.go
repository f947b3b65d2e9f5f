package conformance_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// suite returns all rules that can be tested at some address. Those that depend on a flag
// of the program are listed, and tested nowhere but in this repository.
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

// scopeRules are rules of the scopes of a token.
var scopeRules = []rule{{
	rule: "the token has one of the scopes of the operation", source: reference, needs: needsBoth,
	run: func(t testing.TB, c *caller) {
		t.Helper()
		reader := *c
		reader.login(t, "portfolios:read")
		if a := reader.send(t, reader.get().sign()); a.status/100 != 2 {
			t.Errorf("a read with portfolios:read: status %d, want 2xx", a.status)
		}
		if a := reader.send(t, reader.post().sign()); a.status != http.StatusForbidden {
			t.Errorf("a write with portfolios:read: status %d, want 403", a.status)
		}
	},
}}

// problemRules are rules of the form of errors.
var problemRules = []rule{
	{
		rule: "an error is application/problem+json with type and status", source: errorsPage,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			a := c.send(t, at("/portfolios/orders/"+newID())(c).sign())
			p := a.problem(t)
			contentType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
			if contentType != "application/problem+json" || p.Type == "" || p.Status != a.status {
				t.Errorf("content-type %q, type %q, status %d of %d", contentType, p.Type, p.Status, a.status)
			}
		},
	},
	{
		rule: "a response has upvest-request-id, and an error the same request_id", source: errorsPage,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			if a := c.send(t, c.get().sign()); a.header.Get("Upvest-Request-Id") == "" {
				t.Error("a success has no upvest-request-id")
			}
			a := c.send(t, at("/portfolios/orders/"+newID())(c).sign())
			if id := a.header.Get("Upvest-Request-Id"); id == "" || id != a.problem(t).RequestID {
				t.Errorf("upvest-request-id %q, request_id %q", id, a.problem(t).RequestID)
			}
		},
	},
}

// nonceRules are rules of signatures that are sent again.
var nonceRules = []rule{{
	rule: "a nonce is used once", source: choice,
	run: func(t testing.TB, c *caller) {
		t.Helper()
		r := c.get().sign()
		first := c.send(t, r)
		again := c.send(t, r)
		if first.status/100 != 2 || again.status != http.StatusUnauthorized {
			t.Errorf("first status %d, then %d, want 2xx and 401", first.status, again.status)
		}
	},
}}

// keyed returns a write with an idempotency key.
func (c *caller) keyed(key string) *request {
	r := c.post()
	r.setKey(key)
	return r
}

// idempotencyRules are rules of requests that are sent again.
var idempotencyRules = []rule{
	{
		rule: "a repetition gets the earlier response", source: idempotent, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			first := c.send(t, c.keyed(key).sign())
			again := c.send(t, c.keyed(key).sign())
			if first.status/100 != 2 || again.status != first.status || !bytes.Equal(again.body, first.body) {
				t.Errorf("first status %d, then %d, or another body", first.status, again.status)
			}
		},
	},
	{
		rule: "a repetition has its own upvest-request-id", source: choice, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			first := c.send(t, c.keyed(key).sign()).header.Get("Upvest-Request-Id")
			if again := c.send(t, c.keyed(key).sign()).header.Get("Upvest-Request-Id"); again == first {
				t.Errorf("both have %q", first)
			}
		},
	},
	{
		rule: "a key with another body is refused", source: choice, writes: true,
		run: func(t testing.TB, c *caller) {
			t.Helper()
			key := newID()
			c.send(t, c.keyed(key).sign())
			other := c.keyed(key)
			other.setBody(other.body + " ")
			if a := c.send(t, other.sign()); a.status != http.StatusUnprocessableEntity {
				t.Errorf("status %d, want 422", a.status)
			}
		},
	},
	{
		rule: "several requests at once with one key get one response", source: choice, writes: true,
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
				t.Errorf("first status %d, then %d, want 4xx and 2xx", refused.status, a.status)
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
			t.Errorf("status %d, or another body", a.status)
		}
	}
}

// startRules depend on how the server is started.
var startRules = []rule{
	{rule: "requests above the rate limit are refused", source: rateLimits, needs: needsStart},
	{rule: "a slow request is cut off", source: choice, needs: needsStart},
	{rule: "only listed accounts exist", source: choice, needs: needsStart},
	{rule: "only the user who owns the account may order", source: choice, needs: needsStart},
	{rule: "a key of one client is unknown for another", source: signatures, needs: needsStart},
	{rule: "a token of one client is refused for another", source: auth, needs: needsStart},
	{rule: "no write is repeated when the kept responses are full", source: choice, needs: needsStart},
}
