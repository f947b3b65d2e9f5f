package conformance_test

import (
	"strings"
	"testing"
	"time"
)

func TestNonceIsUsedOnce(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	rule := rule{source: choice, status: 401, detail: "nonce was used before with this key"}
	first := c.get().sign()
	if a := c.send(t, first); a.status != 200 {
		t.Fatalf("the first use of the nonce got %d %s, want 200", a.status, a.body)
	}
	rule.refused(t, c, c.send(t, first))

	again := c.get()
	again.setParameter("nonce", strings.TrimPrefix(first.parameters[3], "nonce="))
	rule.refused(t, c, c.send(t, again.sign()))

	wrong := c.get().sign()
	good := wrong.get("signature")
	wrong.set("signature", "sig1=:AAAA:")
	c.send(t, wrong)
	wrong.set("signature", good)
	if a := c.send(t, wrong); a.status != 200 {
		t.Errorf("the nonce of an invalid signature got %d %s when used again, want 200", a.status, a.body)
	}

	// The sandbox's clock does not affect signatures. After the clock has moved by a day,
	// clients can still sign requests, and the sandbox still remembers every nonce.
	p.advance(t, 24*time.Hour)
	rule.refused(t, c, c.send(t, first))
	c.login(t, "portfolios:read")
	if a := c.send(t, c.get().sign()); a.status != 200 {
		t.Errorf("a request a day later got %d %s, want 200", a.status, a.body)
	}
}

// TestReplayWithSeveralSignatures sends a request that carries two signatures with
// different nonces. The sandbox must refuse a repetition of the request, both with the
// two signatures and with only the second signature.
func TestReplayWithSeveralSignatures(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	r := c.get().sign()
	input := r.get("signature-input")
	signature := r.get("signature")
	r.label = "sig2"
	r.setParameter("nonce", `"`+nonce()+`"`)
	r.sign()
	r.set("signature-input", input+", "+r.get("signature-input"))
	r.set("signature", signature+", "+r.get("signature"))
	if a := c.send(t, r); a.status != 200 {
		t.Fatalf("the first request got %d %s, want 200", a.status, a.body)
	}
	again := rule{source: choice, status: 401, detail: "nonce was used before"}
	again.refused(t, c, c.send(t, r))
	r.set("signature-input", strings.TrimPrefix(r.get("signature-input"), input+", "))
	again.refused(t, c, c.send(t, r))
}

// TestClientsMayUseTheSameNonce requires that two clients can use the same key id and the
// same nonce, because a nonce counts as used only for one client and one of its keys.
func TestClientsMayUseTheSameNonce(t *testing.T) {
	p := start(t, "-client", "key-id=same", "-client",
		"id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=two,key-id=same")
	one := p.loggedIn(t)
	two := &caller{
		address: one.address, clientID: "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01", secret: "two", keyID: "same",
		now: time.Now,
	}
	two.key = keyBeside(t, p, two.clientID)
	two.login(t, "portfolios:admin")
	for _, c := range []*caller{one, two} {
		r := c.get()
		r.setParameter("nonce", `"the same"`)
		if a := c.send(t, r.sign()); a.status != 200 {
			t.Errorf("the client %s got %d %s, want 200", c.clientID, a.status, a.body)
		}
	}
}
