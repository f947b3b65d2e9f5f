package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// habit is what one of Upvest's own signers does, whose requests the service takes: written by hand, from what was seen on the wire. The
// tables do not name its members, so that none compiles which leaves out what becomes of a request that keeps the habit, or of one that
// breaks it.
type habit struct {
	what         string
	kept, broken fate
}

// fate is a request and what becomes of it.
type fate struct {
	request func(*caller) *request
	refusal rule
}

func accepted(request func(*caller) *request) fate { return fate{request: request} }

// legal is a request that breaks a habit and no rule.
func legal(request func(*caller) *request) fate { return accepted(request) }

func refused(status int, says string, request func(*caller) *request) fate {
	return fate{request, rule{status: status, says: says}}
}

// missigned is a request whose signature is refused.
func missigned(says string, request func(*caller) *request) fate {
	return fate{request, rule{status: http.StatusUnauthorized, starts: "Signature is incorrect: ", says: says}}
}

// clientless is a request that says nowhere whose it is.
func clientless(request func(*caller) *request) fate {
	return fate{request, rule{status: http.StatusBadRequest, slug: "missing_client_id", says: "upvest-client-id"}}
}

const unverified = "the signature does not verify"

func notSent(name string) string {
	return `component "` + name + `" is covered, but the header was not sent`
}
func notCovered(name string) string { return `component "` + name + `" is not covered` }

func (f fate) check(t *testing.T, c *caller) {
	t.Helper()
	a := c.send(t, f.request(c))
	switch {
	case f.refusal.status != 0:
		f.refusal.refused(t, c, a)
	case a.status != http.StatusOK && a.status != http.StatusNoContent:
		t.Errorf("%d %s, want it accepted", a.status, a.body)
	}
}

func TestOfficialSigners(t *testing.T) {
	w := newWorld(t, "-client", "key-id=of-ed25519", "-key-form", "p521-encrypted")
	for signer, habits := range map[string][]habit{
		"all": sharedHabits(w), "Python": pythonHabits(w), "JavaScript": javaScriptHabits(w), "Go proxy": goProxyHabits(w), "Java sample": javaHabits(),
	} {
		for _, habit := range habits {
			t.Run(signer+"/"+habit.what+"/kept", func(t *testing.T) { habit.kept.check(t, w.caller) })
			t.Run(signer+"/"+habit.what+"/broken", func(t *testing.T) { habit.broken.check(t, w.caller) })
		}
	}
}

// sharedHabits are those of all signers: none of them signs this version of the scheme with Ed25519.
func sharedHabits(w world) []habit {
	other := &caller{key: keyBeside(w.t, w.p, w.clientID)}
	return []habit{{
		"a P-521 key", accepted(signed(post, asIs)),
		legal(signed(post, func(r *request) { r.setParameter("keyid", `"of-ed25519"`); r.signer = other.sign })),
	}}
}

// documented are the habits that every signer has which writes the components of the table in an order of its own.
func documented(as func(*request)) []habit {
	const some = "/portfolios/allocations?limit=1"
	newKey := func(r *request) { r.set("idempotency-key", uuid.NewString()) }
	return []habit{
		{"signs a read", accepted(signed(get, as)), missigned(unverified, tampered(prepared(get, as), movedTo("/portfolios/orders")))},
		{"signs a write", accepted(signed(post, as)), missigned(unverified, tampered(prepared(post, as), newKey))},
		{
			"signs a token request", accepted(signed(asksToken, as)),
			missigned("upvest-signature-version is missing", signed(asksToken, all(as, without("upvest-signature-version")))),
		},
		{"components in its order", accepted(signed(post, as)), missigned(unverified, tampered(prepared(post, as), componentsTurned))},
		{"components in its order, which is free", accepted(signed(at(some), as)), legal(signed(at(some), all(as, reversed)))},
		{"@query only with a query", accepted(signed(get, as)), missigned("the URL has no query", signed(get, all(as, covering("@query"))))},
		{"@query with a query", accepted(signed(at(some), as)), missigned(notCovered("@query"), signed(at(some), all(as, uncovering("@query"))))},
		{"upvest-api-version covered", accepted(signed(get, as)), legal(signed(get, all(as, uncovering("upvest-api-version"))))},
		{
			"idempotency-key covered", accepted(signed(post, as)),
			missigned(notCovered("idempotency-key"), signed(post, all(as, uncovering("idempotency-key")))),
		},
		{
			"idempotency-key only when sent", accepted(signed(get, as)),
			missigned(notSent("idempotency-key"), signed(get, all(as, covering("idempotency-key")))),
		},
	}
}

// alwaysDated are the habits of a signer that always sends the date and covers it.
func alwaysDated(w world, as func(*request)) []habit {
	var habits []habit
	for what, start := range map[string]func() func(*caller) *request{
		"a read":          func() func(*caller) *request { return get },
		"a write":         func() func(*caller) *request { return post },
		"a cancellation":  w.cancels,
		"a token request": func() func(*caller) *request { return asksToken },
	} {
		another := func(r *request) { r.set("date", "Fri, 02 Jan 2026 03:04:05 GMT") }
		habits = append(
			habits,
			habit{"date covered on " + what, accepted(signed(start(), as)), missigned(unverified, tampered(prepared(start(), as), another))},
			habit{"date sent on " + what, accepted(signed(start(), as)), missigned(notSent("date"), signed(start(), all(as, without("date"))))},
			habit{"date not left uncovered on " + what, accepted(signed(start(), as)), legal(signed(start(), all(as, uncovering("date"))))},
		)
	}
	return habits
}

// cancels places an order, for one request that cancels it.
func (w world) cancels() func(*caller) *request {
	w.t.Helper()
	order := w.order(w.follow(w.allocate(world1, "1")), "BUY", "5")
	return func(c *caller) *request { return c.build("DELETE", "/portfolios/orders/"+order, "", "") }
}

// prepared is a request that is changed before tampered signs it.
func prepared(start func(*caller) *request, change func(*request)) func(*caller) *request {
	return func(c *caller) *request {
		r := start(c)
		change(r)
		return r
	}
}

func all(changes ...func(*request)) func(*request) {
	return func(r *request) {
		for _, change := range changes {
			change(r)
		}
	}
}

func movedTo(path string) func(*request)    { return func(r *request) { r.path = path } }
func without(name string) func(*request)    { return func(r *request) { r.remove(name) } }
func covering(name string) func(*request)   { return func(r *request) { r.cover(name) } }
func uncovering(name string) func(*request) { return func(r *request) { r.uncover(name) } }
func reversed(r *request)                   { slices.Reverse(r.components) }

// sending sends a header and covers it.
func sending(name, value string) func(*request) {
	return func(r *request) {
		r.set(name, value)
		r.cover(name)
	}
}

// componentsTurned says two components in another order than they were signed in.
func componentsTurned(r *request) {
	r.components[0], r.components[1] = r.components[1], r.components[0]
	r.set("signature-input", r.label+"="+r.input())
}

// parametersTurned says two parameters in another order than they were signed in.
func parametersTurned(r *request) {
	r.parameters[0], r.parameters[1] = r.parameters[1], r.parameters[0]
	r.set("signature-input", r.label+"="+r.input())
}

// ordered puts the components that the request covers in the order of a signer; those that it does not name come last.
func ordered(names ...string) func(*request) {
	place := func(name string) int {
		if i := slices.Index(names, name); i >= 0 {
			return i
		}
		return len(names)
	}
	return func(r *request) {
		slices.SortStableFunc(r.components, func(a, b string) int { return place(a) - place(b) })
	}
}

// parameterOrder puts the parameters in the order of a signer.
func parameterOrder(names ...string) func(*request) {
	place := func(parameter string) int {
		name, _, _ := strings.Cut(parameter, "=")
		return slices.Index(names, name)
	}
	return func(r *request) {
		slices.SortStableFunc(r.parameters, func(a, b string) int { return place(a) - place(b) })
	}
}

// datedNow adds the header that two of the signers always send and cover.
func datedNow(r *request) {
	sending("date", r.caller.now().UTC().Format(http.TimeFormat))(r)
}
