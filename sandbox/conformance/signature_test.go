package conformance_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignatureRules(t *testing.T) { check(t, start(t).loggedIn(t), signatureRules()) }

// signatureRules returns all rules for signatures. A request that breaks one of these
// rules gets 401.
func signatureRules() []rule {
	rules := slices.Concat(
		structureRules, coverageRules, digestRules, parameterRules, valueRules, componentRules(),
	)
	for i := range rules {
		rules[i].status = 401
		rules[i].starts = "Signature is incorrect: "
	}
	return rules
}

func TestSignatureWindow(t *testing.T) {
	c := start(t, "-signature-skew", "5s", "-signature-lifetime", "10s").caller(t)
	changed := func(change func(*request)) func(*caller) *request { return signed(asksToken, change) }
	check(t, c, []rule{
		{
			rule: "the flag limits the lifetime of a signature", source: choice,
			keeps: changed(dated(0, 10*time.Second)), breaks: changed(dated(0, 11*time.Second)),
			status: 401, detail: "expires is 11 seconds after created, expected 1 to 10",
		},
		{
			rule: "the flag limits how far a client's clock may differ", source: choice,
			keeps:  changed(dated(3*time.Second, 9*time.Second)),
			breaks: changed(dated(9*time.Second, 12*time.Second)),
			status: 401, detail: "in the future",
		},
	})
}

// TestSignatureBaseIsShown requires that the response to a wrong signature contains the
// expected signature base, with the token masked.
func TestSignatureBaseIsShown(t *testing.T) {
	c := start(t).loggedIn(t)
	masked := func(r *request) string { return strings.Replace(r.base(), "Bearer "+c.token, "***", 1) }
	for name, test := range map[string]struct {
		change func(*request)
		want   func(*request) string
	}{
		"a wrong signature": {
			change: func(r *request) { r.signer = func(string) []byte { return make([]byte, 64) } },
			want:   masked,
		},
		"an expired signature": {change: dated(-time.Hour, -time.Hour+time.Second), want: masked},
		"a missing component": {change: func(r *request) {
			r.uncover("@method")
			r.uncover("accept")
		}, want: func(r *request) string {
			r.cover("@method")
			r.cover("accept")
			return masked(r)
		}},
		"a forbidden component": {change: func(r *request) {
			r.set("x-a", "b")
			r.cover("x-a")
		}, want: func(r *request) string {
			r.uncover("x-a")
			return masked(r)
		}},
		"no upvest-signature-version": {change: func(r *request) {
			r.remove("upvest-signature-version")
		}, want: func(r *request) string {
			r.components = []string{"@method", "@path", "accept", "authorization", "upvest-client-id"}
			r.parameters = []string{`keyid="…"`, "created=…", "expires=…", `nonce="…"`}
			return masked(r)
		}},
	} {
		r := c.get()
		test.change(r)
		p := c.send(t, r.sign()).problem(t)
		if want := test.want(r); p.Status != 401 || p.SignatureBase != want {
			t.Errorf("%s: got %d with the signature base %q, want 401 with %q",
				name, p.Status, p.SignatureBase, want)
		}
	}
}

func asksToken(c *caller) *request { return c.tokenRequest("portfolios:read") }
