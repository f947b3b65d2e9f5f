package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestSignatureRules(t *testing.T) {
	c := start(t).loggedIn(t)
	rules := []rule{
		{
			rule: "version 15 of the scheme is selected", source: signatures,
			keeps:  signed(get, asIs),
			breaks: signed(get, func(r *request) { r.remove("upvest-signature-version") }),
			says:   "upvest-signature-version is missing, expected 15",
		},
		{
			rule: "version 6 is not served", source: signatures,
			breaks: signed(get, func(r *request) { r.set("upvest-signature-version", "6") }),
			says:   `upvest-signature-version is "6", expected 15`,
		},
		{
			rule: "signature-input is there", source: signatures,
			breaks: tampered(get, func(r *request) { r.remove("signature-input") }),
			says:   "signature-input is missing",
		},
		{
			rule: "signature is there", source: signatures,
			breaks: tampered(get, func(r *request) { r.remove("signature") }),
			says:   "signature is missing",
		},
		{
			rule: "signature-input is a structured field", source: draft,
			breaks: tampered(get, func(r *request) { r.set("signature-input", `sig1=("@method`) }),
			says:   "signature-input is not a structured field dictionary",
		},
		{
			rule: "signature-input lists components", source: draft,
			breaks: tampered(get, func(r *request) { r.set("signature-input", `sig1="@method"`) }),
			says:   "signature-input member sig1 is not a list of components",
		},
		{
			rule: "the signature is a byte sequence", source: draft,
			breaks: tampered(get, func(r *request) {
				r.set("signature", `sig1="`+strings.Trim(strings.TrimPrefix(r.get("signature"), "sig1="), ":")+`"`)
			}),
			says: "signature member sig1 is not a byte sequence",
		},
		{
			rule: "the signature is standard base64", source: signatures,
			breaks: tampered(get, func(r *request) {
				r.set("signature", "sig1=:"+base64.URLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 64))+":")
			}),
			says: "signature is not a structured field dictionary",
		},
		{
			rule: "the label is free, but the same in both headers", source: draft,
			keeps:  signed(get, func(r *request) { r.label = "my-label.1" }),
			breaks: tampered(get, func(r *request) { r.set("signature", strings.Replace(r.get("signature"), "sig1", "sig2", 1)) }),
			says:   "signature has no member sig1",
		},
		{
			rule: "of several signatures one is enough", source: draft,
			keeps: tampered(get, func(r *request) {
				r.set("signature-input", `proxy=("@method");keyid="unknown", `+r.get("signature-input"))
				r.set("signature", "proxy=:AAAA:, "+r.get("signature"))
			}),
			breaks: tampered(get, func(r *request) {
				r.set("signature-input", `proxy=("@method");keyid="unknown"`)
				r.set("signature", "proxy=:AAAA:, "+r.get("signature"))
			}),
			says: `component "@path" is not covered`,
		},
		{
			rule: "the number of signatures is bounded", source: choice,
			breaks: tampered(get, func(r *request) {
				for i := range 4 {
					r.set("signature-input", `more`+strconv.Itoa(i)+`=("@method"), `+r.get("signature-input"))
				}
			}),
			says: "signature-input has 5 members, expected at most 4",
		},
		{
			rule: "white space between the members of a structured field has no meaning", source: draft,
			keeps: tampered(get, func(r *request) {
				spaced := strings.NewReplacer(`" "`, `"   "`, `("`, `(  "`, `")`, `"  )`, ";", ";  ").Replace(r.get("signature-input"))
				r.set("signature-input", "  "+spaced+" \t")
			}),
			breaks: tampered(get, func(r *request) { r.set("signature-input", strings.ReplaceAll(r.get("signature-input"), ";", " ;")) }),
			says:   "signature-input is not a structured field dictionary",
		},
		{
			rule: "a dictionary may come in several lines", source: draft,
			keeps: tampered(get, func(r *request) {
				r.headers = append(r.headers, header{"signature-input", `other=("@method")`}, header{"signature", `other=:AAAA:`})
			}),
		},
		{
			rule: "escapes in strings are read", source: draft,
			keeps:  signed(get, func(r *request) { r.setParameter("nonce", `"a \"quoted\" `+nonce()+`"`) }),
			breaks: signed(get, func(r *request) { r.setParameter("nonce", `"a \n `+nonce()+`"`) }),
			says:   "signature-input is not a structured field dictionary",
		},
		{
			rule: "the order of the components is free", source: signatures,
			keeps: signed(post, func(r *request) { slices.Reverse(r.components) }),
			breaks: tampered(post, func(r *request) {
				slices.Reverse(r.components)
				r.set("signature-input", r.label+"="+r.input())
			}),
			says: "the signature does not verify",
		},
		{
			rule: "the order of the parameters is free", source: signatures,
			keeps: signed(post, func(r *request) { slices.Reverse(r.parameters) }),
			breaks: tampered(post, func(r *request) {
				slices.Reverse(r.parameters)
				r.set("signature-input", r.label+"="+r.input())
			}),
			says: "the signature does not verify",
		},
		{
			rule: "no component is listed twice", source: draft,
			breaks: signed(get, func(r *request) { r.cover("accept") }),
			says:   `component "accept" is listed twice`,
		},
		{
			rule: "components are in lower case", source: draft,
			breaks: signed(get, func(r *request) { r.uncover("accept"); r.cover("Accept") }),
			says:   `component "Accept" is not in lower case`,
		},
		{
			rule: "components have no parameters", source: choice,
			breaks: tampered(get, func(r *request) {
				r.set("signature-input", strings.Replace(r.get("signature-input"), `"accept"`, `"accept";bs`, 1))
			}),
			says: `component "accept" has parameters`,
		},
		{
			rule: "components are strings", source: draft,
			breaks: tampered(get, func(r *request) {
				r.set("signature-input", strings.Replace(r.get("signature-input"), `"accept"`, `accept`, 1))
			}),
			says: "a component that is not a string",
		},
		{
			rule: "@query is covered with its question mark", source: signatures,
			keeps: signed(at("/portfolios/allocations?limit=1&sort=id"), asIs),
			breaks: signed(at("/portfolios/allocations?limit=1"), func(r *request) {
				r.signer = func(base string) []byte { return r.caller.sign(strings.Replace(base, `": ?limit`, `": limit`, 1)) }
			}),
			says: `"@query" without its leading question mark`,
		},
		{
			rule: "@query is signed exactly as sent", source: signatures,
			keeps: signed(at("/portfolios/allocations?limit=1&start_date=2022-10-14T00%3a00%3A00Z"), asIs),
			breaks: tampered(at("/portfolios/allocations?start_date=2022-10-14T00%3a00%3A00Z"), func(r *request) {
				r.query = "start_date=2022-10-14T00:00:00Z"
			}),
			says: "the signature does not verify",
		},
		{
			rule: "@query is only covered when there is one", source: signatures,
			breaks: signed(get, func(r *request) { r.cover("@query") }),
			says:   `component "@query" is covered, but the URL has no query`,
		},
		{
			rule: "the method is the one that was signed", source: signatures,
			breaks: tampered(at("/portfolios/orders/"+uuid.NewString()), func(r *request) { r.method = "DELETE" }),
			says:   "the signature does not verify",
		},
		{
			rule: "the path is the one that was signed", source: signatures,
			breaks: tampered(get, func(r *request) { r.path = "/portfolios/orders" }),
			says:   "the signature does not verify",
		},
		{
			rule: "a covered header is the one that was signed", source: signatures,
			breaks: tampered(post, func(r *request) { r.set("idempotency-key", uuid.NewString()) }),
			says:   "the signature does not verify",
		},
		{
			rule: "the access token is the one that was signed", source: signatures,
			breaks: tampered(get, func(r *request) { r.set("authorization", "Bearer other") }),
			says:   "the signature does not verify",
		},
		{
			rule: "white space around a covered value is not signed", source: draft,
			keeps: tampered(get, func(r *request) { r.set("authorization", "  "+r.get("authorization")+"\t ") }),
		},
		{
			rule: "a covered header was sent", source: draft,
			breaks: signed(get, func(r *request) { r.cover("idempotency-key") }),
			says:   `component "idempotency-key" is covered, but the header was not sent`,
		},
		{
			rule: "idempotency-key is covered wherever it is sent", source: signatures,
			keeps:  signed(get, func(r *request) { r.setKey(uuid.NewString()) }),
			breaks: signed(get, func(r *request) { r.set("idempotency-key", uuid.NewString()) }),
			says:   `component "idempotency-key" is not covered`,
		},
		{
			rule: "upvest-api-version may be covered", source: choice,
			keeps:  signed(get, func(r *request) { r.uncover("upvest-api-version") }),
			breaks: signed(get, func(r *request) { r.remove("upvest-api-version") }),
			says:   `component "upvest-api-version" is covered, but the header was not sent`,
		},
		{
			rule: "a digest that is sent matches, where there is no body too", source: digests,
			keeps:  signed(get, func(r *request) { r.set("content-type", "application/json") }),
			breaks: signed(get, func(r *request) { r.set("content-digest", c.post().get("content-digest")) }),
			says:   "content-digest member sha-512 does not match the 0 bytes",
		},
		{
			rule: "the digest matches the body", source: digests,
			keeps:  signed(post, asIs),
			breaks: tampered(post, func(r *request) { r.body = strings.Replace(r.body, "World", "Wurld", 1) }),
			says:   "content-digest member sha-512 does not match",
		},
		{
			rule: "the digest is SHA-512, others may join it", source: signatures,
			keeps: signed(post, func(r *request) {
				r.set("content-digest", "sha-256=:"+sha256Text(r.body)+":, "+r.get("content-digest"))
			}),
			breaks: signed(post, func(r *request) {
				r.set("content-digest", "sha-256=:"+sha256Text(r.body)+":")
			}),
			says: "content-digest has no member sha-512",
		},
		{
			rule: "every digest that is known matches", source: digests,
			breaks: signed(post, func(r *request) {
				r.set("content-digest", "sha-256=:"+sha256Text("other")+":, "+r.get("content-digest"))
			}),
			says: "content-digest member sha-256 does not match",
		},
		{
			rule: "the digest is a byte sequence", source: digests,
			breaks: signed(post, func(r *request) { r.set("content-digest", strings.ReplaceAll(r.get("content-digest"), ":", `"`)) }),
			says:   "content-digest member sha-512 is not a byte sequence",
		},
		{
			rule: "the length is that of the body", source: signatures,
			breaks: signed(post, func(r *request) { r.set("content-length", "0"+r.get("content-length")) }),
			says:   "but the body has",
		},
		{
			rule: "keyid is there", source: signatures,
			breaks: signed(get, func(r *request) { r.removeParameter("keyid") }),
			says:   "parameter keyid is missing",
		},
		{
			rule: "keyid is known", source: signatures,
			breaks: signed(get, func(r *request) { r.setParameter("keyid", `"unknown"`) }),
			says:   `keyid "unknown" is not a key of the client`,
		},
		{
			rule: "created is there", source: signatures,
			breaks: signed(get, func(r *request) { r.removeParameter("created") }),
			says:   "parameter created is missing",
		},
		{
			rule: "created is a bare integer", source: signatures,
			breaks: signed(get, func(r *request) { r.setParameter("created", `"`+strconv.FormatInt(time.Now().Unix(), 10)+`"`) }),
			says:   "parameter created is not a bare integer",
		},
		{
			rule: "created is at most 30 seconds in the future", source: choice,
			keeps:  signed(get, dated(25*time.Second, 85*time.Second)),
			breaks: signed(get, dated(45*time.Second, 85*time.Second)),
			says:   "in the future",
		},
		{
			rule: "expires is there", source: signatures,
			breaks: signed(get, func(r *request) { r.removeParameter("expires") }),
			says:   "parameter expires is missing",
		},
		{
			rule: "expires is a bare integer", source: signatures,
			breaks: signed(get, func(r *request) { r.setParameter("expires", strconv.FormatInt(time.Now().Unix()+60, 10)+".5") }),
			says:   "parameter expires is not a bare integer",
		},
		{
			rule: "expires is at most 30 seconds in the past", source: choice,
			keeps:  signed(get, dated(-60*time.Second, -20*time.Second)),
			breaks: signed(get, dated(-90*time.Second, -35*time.Second)),
			says:   "in the past",
		},
		{
			rule: "expires comes after created", source: signatures,
			keeps:  signed(get, dated(0, time.Second)),
			breaks: signed(get, dated(0, 0)),
			says:   "expires is 0 seconds after created",
		},
		{
			rule: "a signature lives for 5 minutes at most", source: choice,
			keeps:  signed(get, dated(0, 5*time.Minute)),
			breaks: signed(get, dated(0, 5*time.Minute+time.Second)),
			says:   "expires is 301 seconds after created",
		},
		{
			rule: "nonce is there", source: signatures,
			breaks: signed(get, func(r *request) { r.removeParameter("nonce") }),
			says:   "parameter nonce is missing",
		},
		{
			rule: "nonce is a string", source: draft,
			breaks: signed(get, func(r *request) { r.setParameter("nonce", ":AAAA:") }),
			says:   "parameter nonce is not a string",
		},
		{
			rule: "nonce has at most 256 characters", source: choice,
			keeps:  signed(get, func(r *request) { r.setParameter("nonce", `"`+nonce()+strings.Repeat("n", 232)+`"`) }),
			breaks: signed(get, func(r *request) { r.setParameter("nonce", `"`+strings.Repeat("n", 257)+`"`) }),
			says:   "nonce is longer than 256 characters",
		},
		{
			rule: "alg may be left out, and otherwise names the algorithm", source: signatures,
			keeps:  signed(get, func(r *request) { r.setParameter("alg", `"ed25519"`) }),
			breaks: signed(get, func(r *request) { r.setParameter("alg", `"ecdsa-p521-sha512"`) }),
			says:   `alg is "ecdsa-p521-sha512", expected ed25519`,
		},
		{
			rule: "unknown parameters are covered and ignored", source: choice,
			keeps: signed(get, func(r *request) { r.parameters = append(r.parameters, `tag="mine"`, "flag") }),
		},
		{
			rule: "an Ed25519 signature has 64 bytes", source: signatures,
			breaks: signed(get, func(r *request) { r.signer = func(base string) []byte { return r.caller.sign(base)[:63] } }),
			says:   "the signature has 63 bytes, expected the 64 of Ed25519",
		},
		{
			rule: "Ed25519 signs the base itself", source: signatures,
			breaks: signed(get, func(r *request) {
				r.signer = func(base string) []byte { sum := sha512.Sum512([]byte(base)); return r.caller.sign(string(sum[:])) }
			}),
			says: "over a digest of the signature base",
		},
		{
			rule: "the base has no newline at its end", source: signatures,
			breaks: signed(get, func(r *request) { r.signer = func(base string) []byte { return r.caller.sign(base + "\n") } }),
			says:   "the signed text ends with a newline",
		},
		{
			rule: "the base ends with its parameters", source: signatures,
			breaks: signed(get, func(r *request) {
				r.signer = func(base string) []byte { return r.caller.sign(base[:strings.LastIndex(base, "\n")]) }
			}),
			says: `lacks the line "@signature-params"`,
		},
		{
			rule: "the private key is that of the key id", source: signatures,
			breaks: signed(get, func(r *request) {
				_, other, _ := ed25519.GenerateKey(nil)
				r.signer = func(base string) []byte { return ed25519.Sign(other, []byte(base)) }
			}),
			says: "another private key was used",
		},
		{
			rule: "a token request does not cover authorization", source: auth,
			keeps: signed(asksToken, asIs),
			breaks: signed(asksToken, func(r *request) {
				r.set("authorization", "Bearer x")
				r.cover("authorization")
			}),
			says: `component "authorization" is covered, but a token request has no access token`,
		},
		{
			rule: "a token request is signed", source: auth,
			breaks: tampered(asksToken, func(r *request) { r.remove("signature") }),
			says:   "signature is missing",
		},
	}
	for _, name := range []string{
		"@method", "@path", "accept", "authorization", "content-length", "content-type", "content-digest", "idempotency-key", "upvest-client-id",
	} {
		rules = append(rules, rule{
			rule: name + " is covered", source: signatures,
			breaks: signed(post, func(r *request) { r.uncover(name) }),
			says:   `component "` + name + `" is not covered`,
		})
	}
	rules = append(rules, rule{
		rule: "@query is covered", source: signatures,
		breaks: signed(at("/portfolios/allocations?limit=1"), func(r *request) { r.uncover("@query") }),
		says:   `component "@query" is not covered`,
	})
	for _, name := range []string{
		"user-agent", "accept-encoding", "connection", "host", "@authority", "cookie", "priority", "x-request-id", "cf-ray", "cdn-loop",
		"sec-fetch-mode", "signature", "signature-input", "upvest-signature-version",
	} {
		rules = append(rules, rule{
			rule: name + " is never covered", source: signatures,
			breaks: signed(get, func(r *request) {
				if r.get(name) == "" && name != "@authority" {
					r.set(name, "keep-alive")
				}
				r.cover(name)
			}),
			says: `component "` + name + `" must never be covered`,
		})
	}
	for _, name := range []string{"@target-uri", "@status"} {
		rules = append(rules, rule{
			rule: name + " is not a documented component", source: choice,
			breaks: signed(get, func(r *request) { r.cover(name) }),
			says:   `component "` + name + `" is not one of the documented ones`,
		})
	}
	for i := range rules {
		rules[i].status, rules[i].starts = 401, "Signature is incorrect: "
	}
	check(t, c, rules)
}

func TestNonceIsUsedOnce(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	rule := rule{source: choice, status: 401, says: "nonce was used before with this key"}
	first := c.get().sign()
	if a := c.send(t, first); a.status != 200 {
		t.Fatalf("first use: %d %s", a.status, a.body)
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
		t.Errorf("a nonce of a wrong signature is used up: %d %s", a.status, a.body)
	}

	// The clock that moves orders does not move signatures: nobody is locked out, and nonces are not forgotten early.
	p.advance(t, 24*time.Hour)
	rule.refused(t, c, c.send(t, first))
	c.login(t, "portfolios:read")
	if a := c.send(t, c.get().sign()); a.status != 200 {
		t.Errorf("a day later: %d %s", a.status, a.body)
	}
}

func TestKeysOfClients(t *testing.T) {
	directory := t.TempDir()
	p521, p256 := ecKey(t, elliptic.P521()), ecKey(t, elliptic.P256())
	program := start(
		t, "-client", "",
		"-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=one,key-id=ec-521,key="+publicFile(t, directory, "p521.pem", p521),
		"-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a02,secret=two,key-id=ec-256,key="+publicFile(t, directory, "p256.pem", p256),
	)
	ed := program.loggedIn(t)
	const ecID, smallID = "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01", "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a02"
	ec := &caller{address: ed.address, clientID: ecID, secret: "one", keyID: "ec-521", key: p521, now: time.Now}
	ec.login(t, "portfolios:admin")
	small := &caller{address: ed.address, clientID: smallID, secret: "two", keyID: "ec-256", key: p256, now: time.Now}
	small.login(t, "portfolios:admin")

	check(t, ec, []rule{
		{
			rule: "ECDSA on P-521 with SHA-512 is ASN.1 DER", source: signatures,
			keeps:  signed(post, asIs),
			breaks: signed(post, func(r *request) { r.signer = func(base string) []byte { return raw(t, p521, base) } }),
			status: 401, says: "Signature is incorrect: the ECDSA signature is raw r||s, expected ASN.1 DER",
		},
		{
			rule: "ECDSA signs a SHA-512 digest", source: signatures,
			breaks: signed(get, func(r *request) {
				r.signer = func(base string) []byte {
					sum := sha256.Sum256([]byte(base))
					signature, _ := ecdsa.SignASN1(rand.Reader, p521, sum[:])
					return signature
				}
			}),
			status: 401, says: "Signature is incorrect: the ECDSA signature is over a SHA-256 digest, expected SHA-512",
		},
		{
			rule: "alg is that of the curve", source: choice,
			keeps:  signed(get, func(r *request) { r.setParameter("alg", `"ecdsa-p521-sha512"`) }),
			breaks: signed(get, func(r *request) { r.setParameter("alg", `"ecdsa-p256-sha256"`) }),
			status: 401, says: `alg is "ecdsa-p256-sha256", expected ecdsa-p521-sha512`,
		},
		{
			rule: "an ECDSA signature that is no DER is named", source: signatures,
			breaks: signed(get, func(r *request) { r.signer = func(string) []byte { return make([]byte, 132) } }),
			status: 401, says: "is not ASN.1 DER",
		},
		{
			rule: "the key is one of the client", source: signatures,
			breaks: signed(get, func(r *request) { r.setParameter("keyid", `"`+ed.keyID+`"`); r.signer = ed.sign }),
			status: 401, says: "is not a key of the client in upvest-client-id",
		},
		{
			rule: "the token is one of the client", source: auth,
			breaks: signed(get, func(r *request) { r.set("authorization", "Bearer "+ed.token) }),
			status: 401, says: "the access token belongs to another client",
		},
	})
	check(t, small, []rule{{
		rule: "a nonce belongs to the key that used it", source: choice,
		keeps: func(c *caller) *request {
			used := ed.get().sign()
			if a := ed.send(t, used); a.status != 200 {
				t.Errorf("first use: %d %s", a.status, a.body)
			}
			return signed(get, func(r *request) { r.setParameter("nonce", strings.TrimPrefix(used.parameters[3], "nonce=")) })(c)
		},
	}})
	check(t, small, []rule{{rule: "other curves are tolerated", source: choice, keeps: signed(post, asIs)}})

	made := ed.send(t, ed.post().sign()).object(t)["id"].(string)
	if a := ed.send(t, at("/portfolios/allocations/"+made)(ed).sign()); a.status != 200 {
		t.Errorf("the owner: %d %s", a.status, a.body)
	}
	if a := ec.send(t, at("/portfolios/allocations/"+made)(ec).sign()); a.status != 404 {
		t.Errorf("another client sees the allocation: %d %s", a.status, a.body)
	}
}

func TestSignatureWindow(t *testing.T) {
	c := start(t, "-signature-skew", "5s", "-signature-lifetime", "10s").caller(t)
	changed := func(change func(*request)) func(*caller) *request { return signed(asksToken, change) }
	check(t, c, []rule{
		{
			rule: "a signature lives as long as the flag says", source: choice,
			keeps: changed(dated(0, 10*time.Second)), breaks: changed(dated(0, 11*time.Second)),
			status: 401, says: "expires is 11 seconds after created, expected 1 to 10",
		},
		{
			rule: "a client's clock is off as far as the flag says", source: choice,
			keeps: changed(dated(3*time.Second, 9*time.Second)), breaks: changed(dated(9*time.Second, 12*time.Second)),
			status: 401, says: "in the future",
		},
	})
}

// The files are what openssl writes; the wrapper's testdata say how.
func TestKeyFiles(t *testing.T) {
	for _, name := range []string{"ed25519-pkcs8", "p521-pkcs8", "p521-sec1", "p521-sec1-parameters", "p521-public"} {
		file, err := filepath.Abs("../../wrapper/testdata/keys/" + name + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		// The first client is for start, which wants one that has its private key in a file.
		start(t, "-client", "", "-client", "key="+file)
	}
}

// Whatever is wrong with a signature, the answer holds the base that would do, the token masked.
func TestSignatureBaseIsShown(t *testing.T) {
	c := start(t).loggedIn(t)
	masked := func(r *request) string { return strings.Replace(r.base(), "Bearer "+c.token, "***", 1) }
	for name, test := range map[string]struct {
		change func(*request)
		want   func(*request) string
	}{
		"a wrong signature": {func(r *request) { r.signer = func(string) []byte { return make([]byte, 64) } }, masked},
		"a wrong time":      {dated(-time.Hour, -time.Hour+time.Second), masked},
		"a missing component": {func(r *request) { r.uncover("@method"); r.uncover("accept") }, func(r *request) string {
			r.cover("@method")
			r.cover("accept")
			return masked(r)
		}},
		"a forbidden component": {func(r *request) { r.set("x-a", "b"); r.cover("x-a") }, func(r *request) string {
			r.uncover("x-a")
			return masked(r)
		}},
		"no version": {func(r *request) { r.remove("upvest-signature-version") }, func(r *request) string {
			r.components = []string{"@method", "@path", "accept", "authorization", "upvest-client-id"}
			r.parameters = []string{`keyid="…"`, "created=…", "expires=…", `nonce="…"`}
			return masked(r)
		}},
	} {
		r := c.get()
		test.change(r)
		p := c.send(t, r.sign()).problem(t)
		if want := test.want(r); p.Status != 401 || p.SignatureBase != want {
			t.Errorf("%s: %d, base %q, want %q", name, p.Status, p.SignatureBase, want)
		}
	}
}

func asksToken(c *caller) *request { return c.tokenRequest("portfolios:read") }

// dated sets created and expires, relative to now.
func dated(created, expires time.Duration) func(*request) {
	return func(r *request) {
		now := r.caller.now()
		r.setParameter("created", strconv.FormatInt(now.Add(created).Unix(), 10))
		r.setParameter("expires", strconv.FormatInt(now.Add(created).Unix()+int64((expires-created)/time.Second), 10))
	}
}

func sha256Text(body string) string {
	sum := sha256.Sum256([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicFile(t *testing.T, directory, name string, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// raw is a signature as generic libraries make it: r and s side by side.
func raw(t *testing.T, key *ecdsa.PrivateKey, base string) []byte {
	t.Helper()
	sum := sha512.Sum512([]byte(base))
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parsed); err != nil {
		t.Fatal(err)
	}
	return append(parsed.R.FillBytes(make([]byte, 66)), parsed.S.FillBytes(make([]byte, 66))...)
}
