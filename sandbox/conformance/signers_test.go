package conformance_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The habits of Upvest's own signers, whose requests the service takes. They are written here by hand, from what was seen on the wire.
const (
	python     = "official Python signer"
	javascript = "official JavaScript signer"
	goProxy    = "official Go proxy"
	java       = "official Java sample"
)

// dateHeader adds the header that two of the signers always send and cover.
func dateHeader(r *request) {
	r.set("date", r.caller.now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	r.cover("date")
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

func all(changes ...func(*request)) func(*request) {
	return func(r *request) {
		for _, change := range changes {
			change(r)
		}
	}
}

func asPython(r *request) {
	all(dateHeader, ordered("@method", "@path", "@query", "accept", "content-type", "content-length", "authorization", "upvest-api-version",
		"upvest-client-id", "idempotency-key", "date", "content-digest"), parameterOrder("keyid", "nonce", "created", "expires"))(r)
}

func asJavaScript(r *request) {
	all(dateHeader, ordered("@method", "@path", "@query", "accept", "content-type", "upvest-client-id", "upvest-api-version",
		"idempotency-key", "authorization", "date", "content-length", "content-digest"))(r)
}

// asGoProxy signs for a browser or for Postman: what they send comes first, in any order.
func asGoProxy(r *request) {
	for _, sent := range []header{{"accept-language", "de, en;q=0.5"}, {"origin", "http://localhost:3000"}, {"postman-token", uuid.NewString()}} {
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

// withoutClient is a token request that names its client in the form alone.
func withoutClient(r *request) {
	r.remove("upvest-client-id")
	r.uncover("upvest-client-id")
}

func cancel(c *caller) *request {
	return c.build("DELETE", "/portfolios/orders/"+uuid.NewString(), "", "")
}

func TestOfficialSigners(t *testing.T) {
	p := start(t, "-key-form", "p521-encrypted")
	c := p.loggedIn(t)
	const noOrder, unverified = "portfolio_order_id", "Signature is incorrect: the signature does not verify"
	var rules []rule
	for source, as := range map[string]func(*request){python: asPython, javascript: asJavaScript, goProxy: asGoProxy} {
		rules = append(
			rules,
			rule{
				rule: source + ": reads", source: source, keeps: signed(at("/portfolios/allocations?limit=1"), as),
				breaks: tampered(signedLater(get, as), func(r *request) { r.path = "/portfolios/orders" }), status: 401, says: unverified,
			},
			rule{
				rule: source + ": writes", source: source, keeps: signed(post, as),
				breaks: tampered(signedLater(post, as), func(r *request) { r.set("idempotency-key", uuid.NewString()) }), status: 401, says: unverified,
			},
			rule{
				rule: source + ": asks for a token", source: source, keeps: signed(asksToken, as),
				breaks: signed(asksToken, all(as, func(r *request) { r.remove("upvest-signature-version") })),
				status: 401, says: "upvest-signature-version is missing",
			},
		)
	}
	for source, as := range map[string]func(*request){python: asPython, javascript: asJavaScript} {
		rules = append(rules, rule{
			rule: source + ": the date is covered", source: source,
			breaks: tampered(signedLater(get, as), func(r *request) { r.set("date", "Fri, 02 Jan 2026 03:04:05 GMT") }), status: 401, says: unverified,
		})
	}
	rules = append(
		rules,
		rule{
			rule: "python: a DELETE covers that it has no body", source: python, // 404: the signature is right, the order is not there
			breaks: signed(cancel, all(asPython, func(r *request) { r.set("content-length", "0"); r.cover("content-length") })),
			status: 404, says: noOrder,
		},
		rule{
			rule: "python: what a DELETE covers was sent", source: python,
			breaks: signed(cancel, all(asPython, func(r *request) { r.cover("content-length") })),
			status: 401, says: `component "content-length" is covered, but the header was not sent`,
		},
		rule{
			rule: "javascript: a DELETE has an idempotency-key", source: javascript,
			breaks: signed(cancel, all(asJavaScript, func(r *request) { r.setKey(uuid.NewString()) })), status: 404, says: noOrder,
		},
		rule{
			rule: "javascript: the idempotency-key of a DELETE is covered", source: javascript,
			breaks: signed(cancel, all(asJavaScript, func(r *request) { r.set("idempotency-key", uuid.NewString()) })),
			status: 401, says: `component "idempotency-key" is not covered`,
		},
		rule{
			rule: "go: a GET has a content-type", source: goProxy,
			keeps:  signed(get, all(asGoProxy, func(r *request) { r.set("content-type", "application/json"); r.cover("content-type") })),
			breaks: signed(get, all(asGoProxy, func(r *request) { r.cover("content-type") })),
			status: 401, says: `component "content-type" is covered, but the header was not sent`,
		},
		rule{
			rule: "go: a header that the caller adds is covered", source: goProxy,
			breaks: tampered(signedLater(get, asGoProxy), func(r *request) { r.set("origin", "http://elsewhere") }), status: 401, says: unverified,
		},
		rule{
			rule: "go: accept: */* is refused all the same", source: goProxy,
			breaks: signed(get, all(asGoProxy, func(r *request) { r.set("accept", "*/*") })), status: 406, says: "expected exactly application/json",
		},
		rule{
			rule: "go: the client of a token request is in its form", source: goProxy,
			keeps:  signed(asksToken, all(withoutClient, asGoProxy)),
			breaks: signed(asksToken, all(withoutClient, func(r *request) { r.setBody(strings.Replace(r.body, r.caller.clientID, uuid.NewString(), 1)) })),
			status: 401, says: "is not a client of this sandbox",
		},
		rule{
			rule: "java: the client of a token request is in its form", source: java,
			keeps:  signed(asksToken, withoutClient),
			breaks: signed(asksToken, all(withoutClient, func(r *request) { r.setBody(strings.Replace(r.body, "client_id=", "id=", 1)) })),
			status: 400, slug: "missing_client_id", says: "upvest-client-id",
		},
		rule{
			rule: "java: the client of any other request is in its header", source: java,
			breaks: signed(get, withoutClient), status: 400, slug: "missing_client_id", says: "upvest-client-id",
		},
		rule{
			rule: "java: an idempotency-key that is not covered is refused all the same", source: java,
			breaks: signed(post, func(r *request) { r.uncover("idempotency-key") }), status: 401, says: `component "idempotency-key" is not covered`,
		},
	)
	check(t, c, rules)
}

// signedLater is for tampered, which signs by itself.
func signedLater(start func(*caller) *request, change func(*request)) func(*caller) *request {
	return func(c *caller) *request {
		r := start(c)
		change(r)
		return r
	}
}

// Each form of a client's key is one that an official signer reads, and each works.
func TestKeyForms(t *testing.T) {
	directory := t.TempDir()
	for form, want := range map[string]struct{ block, passphrase string }{
		"ed25519": {"PRIVATE KEY", ""}, "p521": {"EC PRIVATE KEY", ""}, "p521-encrypted": {"EC PRIVATE KEY", "upvest-sandbox"},
	} {
		p := start(t, "-keys", directory, "-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=one,key-id=k", "-key-form", form)
		content, err := os.ReadFile(p.variables["HTTP_SIGN_PRIVATE_KEY_FILENAME"])
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		encrypted := strings.HasPrefix(block.Headers["Proc-Type"], "4,ENCRYPTED")
		if passphrase := p.variables["HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"]; block.Type != want.block || passphrase != want.passphrase ||
			encrypted != (passphrase != "") {
			t.Errorf("%s: %s, %v, passphrase %q", form, block.Type, block.Headers, passphrase)
		}
		if a := p.loggedIn(t); a.send(t, a.get().sign()).status != 200 {
			t.Errorf("%s: refused", form)
		}
	}
	files, err := os.ReadDir(directory)
	if err != nil || len(files) != 6 {
		t.Errorf("%v %v, want a key and variables for each of the three forms", files, err)
	}
}

// A signature for each of two keys makes no second request of one that is replayed.
func TestReplayWithSeveralSignatures(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	r := c.get().sign()
	input, signature := r.get("signature-input"), r.get("signature")
	r.label = "sig2"
	r.setParameter("nonce", `"`+nonce()+`"`)
	r.sign()
	r.set("signature-input", input+", "+r.get("signature-input"))
	r.set("signature", signature+", "+r.get("signature"))
	if a := c.send(t, r); a.status != 200 {
		t.Fatalf("first: %d %s", a.status, a.body)
	}
	again := rule{source: choice, status: 401, says: "nonce was used before"}
	again.refused(t, c, c.send(t, r))
	r.set("signature-input", strings.TrimPrefix(r.get("signature-input"), input+", "))
	again.refused(t, c, c.send(t, r))
}

// A nonce belongs to a client and to its key: two clients may name theirs alike.
func TestNonceOfAnotherClient(t *testing.T) {
	p := start(t, "-client", "key-id=same", "-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=two,key-id=same")
	one := p.loggedIn(t)
	two := &caller{address: one.address, clientID: "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01", secret: "two", keyID: "same", now: time.Now}
	two.key = keyBeside(t, p, two.clientID)
	two.login(t, "portfolios:admin")
	for _, c := range []*caller{one, two} {
		r := c.get()
		r.setParameter("nonce", `"the same"`)
		if a := c.send(t, r.sign()); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func decrypted(t testing.TB, block *pem.Block, passphrase string) []byte {
	t.Helper()
	if passphrase == "" {
		return block.Bytes
	}
	//lint:ignore SA1019 it is the form that Upvest's own instruction makes
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
