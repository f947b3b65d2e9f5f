package conformance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// These are signers that Upvest publishes. The tests do not run them, but reproduce by
// hand what they send.
const (
	python     = "official Python signer"
	javascript = "official JavaScript signer"
	goProxy    = "official Go proxy"
	java       = "official Java sample"
)

// dateHeader adds the header date, which two of the signers always send and cover.
func dateHeader(r *request) {
	r.set("date", r.caller.now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	r.cover("date")
}

// ordered returns a function that puts the covered components into the order that a
// signer uses. Components that are not in the list come last.
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

// parameterOrder returns a function that puts the parameters into the order that a signer
// uses.
func parameterOrder(names ...string) func(*request) {
	place := func(parameter string) int {
		name, _, _ := strings.Cut(parameter, "=")
		return slices.Index(names, name)
	}
	return func(r *request) {
		slices.SortStableFunc(r.parameters, func(a, b string) int { return place(a) - place(b) })
	}
}

func all(changes ...func(*request)) func(*request) {
	return func(r *request) {
		for _, change := range changes {
			change(r)
		}
	}
}

var asPython = all(
	dateHeader,
	ordered("@method", "@path", "@query", "accept", "content-type", "content-length", "authorization",
		"upvest-api-version", "upvest-client-id", "idempotency-key", "date", "content-digest"),
	parameterOrder("keyid", "nonce", "created", "expires"),
)

var asJavaScript = all(
	dateHeader,
	ordered("@method", "@path", "@query", "accept", "content-type", "upvest-client-id", "upvest-api-version",
		"idempotency-key", "authorization", "date", "content-length", "content-digest"),
)

// asGoProxy changes a request to the form in which the Go proxy sends a request of a
// browser or Postman: the headers from the browser or Postman come first among the
// covered components, in any order.
func asGoProxy(r *request) {
	for _, sent := range []header{
		{name: "accept-language", value: "de, en;q=0.5"},
		{name: "origin", value: "http://localhost:3000"},
		{name: "postman-token", value: uuid.NewString()},
	} {
		r.set(sent.name, sent.value)
		r.components = append([]string{sent.name}, r.components...)
	}
	derived := func(name string) bool { return strings.HasPrefix(name, "@") || name == "content-digest" }
	r.components = slices.DeleteFunc(r.components, derived)
	r.components = append(r.components, "@method", "@path")
	if r.query != "" {
		r.components = append(r.components, "@query")
	}
	if r.body != "" {
		r.components = append(r.components, "content-digest")
	}
	parameterOrder("keyid", "created", "nonce", "expires")(r)
}

// withoutClient removes upvest-client-id. After that, only the form of a token request
// names the client.
var withoutClient = without("upvest-client-id")

func cancel(c *caller) *request {
	return c.build("DELETE", "/portfolios/orders/"+uuid.NewString(), "", "")
}

const (
	noOrder    = "portfolio_order_id"
	unverified = "Signature is incorrect: the signature does not verify"
)

func TestOfficialSigners(t *testing.T) {
	check(t, start(t, "-key-form", "p521-encrypted").loggedIn(t), allSignerRules())
}

func allSignerRules() []rule {
	return slices.Concat(
		habitsOf(python, asPython),
		habitsOf(javascript, asJavaScript),
		habitsOf(goProxy, asGoProxy),
		signerRules,
	)
}

// habitsOf returns the rules for reads, writes, token requests and the header date, with
// requests in the form that the given signer sends. The Go proxy gets no rule for the
// header date.
func habitsOf(source string, as func(*request)) []rule {
	rules := []rule{
		{
			rule: source + ": reads", source: source,
			keeps:  signed(at("/portfolios/allocations?limit=1"), as),
			breaks: tampered(signedLater(get, as), func(r *request) { r.path = "/portfolios/orders" }),
			status: 401, detail: unverified,
		},
		{
			rule: source + ": writes", source: source,
			keeps:  signed(post, as),
			breaks: tampered(signedLater(post, as), with("idempotency-key", uuid.NewString())),
			status: 401, detail: unverified,
		},
		{
			rule: source + ": asks for a token", source: source,
			keeps:  signed(asksToken, as),
			breaks: signed(asksToken, all(as, func(r *request) { r.remove("upvest-signature-version") })),
			status: 401, detail: "upvest-signature-version is missing",
		},
	}
	if source == goProxy {
		return rules
	}
	return append(rules, rule{
		rule: source + ": the date is covered", source: source,
		breaks: tampered(signedLater(get, as), with("date", "Fri, 02 Jan 2026 03:04:05 GMT")),
		status: 401, detail: unverified,
	})
}

// signerRules are the rules that concern only a single signer.
var signerRules = []rule{
	{
		// 404 means that the signature was accepted and the order does not exist.
		rule: "python: a DELETE may cover a content-length of 0", source: python,
		breaks: signed(cancel, all(asPython, with("content-length", "0"), covering("content-length"))),
		status: 404, detail: noOrder,
	},
	{
		rule: "python: a DELETE sends the headers that it covers", source: python,
		breaks: signed(cancel, all(asPython, covering("content-length"))),
		status: 401, detail: `component "content-length" is covered, but the header was not sent`,
	},
	{
		rule: "javascript: a DELETE may have an idempotency-key", source: javascript,
		breaks: signed(cancel, all(asJavaScript, func(r *request) { r.setKey(uuid.NewString()) })),
		status: 404, detail: noOrder,
	},
	{
		rule: "javascript: an idempotency-key of a DELETE is covered", source: javascript,
		breaks: signed(cancel, all(asJavaScript, with("idempotency-key", uuid.NewString()))),
		status: 401, detail: `component "idempotency-key" is not covered`,
	},
	{
		rule: "go: a GET may have a content-type", source: goProxy,
		keeps: signed(get,
			all(asGoProxy, with("content-type", "application/json"), covering("content-type"))),
		breaks: signed(get, all(asGoProxy, covering("content-type"))),
		status: 401, detail: `component "content-type" is covered, but the header was not sent`,
	},
	{
		rule: "go: a header that the proxy's caller adds is covered", source: goProxy,
		breaks: tampered(signedLater(get, asGoProxy), with("origin", "http://elsewhere")),
		status: 401, detail: unverified,
	},
	{
		rule: "go: accept: */* is refused", source: goProxy,
		breaks: signed(get, all(asGoProxy, with("accept", "*/*"))),
		status: 406, detail: "expected exactly application/json",
	},
	{
		rule: "go: a token request may name the client only in its form", source: goProxy,
		keeps: signed(asksToken, all(withoutClient, asGoProxy)),
		breaks: signed(asksToken, all(withoutClient, func(r *request) {
			r.setBody(strings.Replace(r.body, r.caller.clientID, uuid.NewString(), 1))
		})),
		status: 401, detail: "is not a client of this sandbox",
	},
	{
		rule: "java: a token request may name the client only in its form", source: java,
		keeps:  signed(asksToken, withoutClient),
		breaks: signed(asksToken, all(withoutClient, replacing("client_id=", "id="))),
		status: 400, slug: "missing_client_id", detail: "upvest-client-id",
	},
	{
		rule: "java: each request other than a token request names the client", source: java,
		breaks: signed(get, withoutClient),
		status: 400, slug: "missing_client_id", detail: "upvest-client-id",
	},
	{
		rule: "java: an idempotency-key that is not covered is refused", source: java,
		breaks: signed(post, notCovering("idempotency-key")),
		status: 401, detail: `component "idempotency-key" is not covered`,
	},
}

// signedLater returns a function that builds and changes a request without signing it,
// because tampered signs the request.
func signedLater(start func(*caller) *request, change func(*request)) func(*caller) *request {
	return func(c *caller) *request {
		r := start(c)
		change(r)
		return r
	}
}
