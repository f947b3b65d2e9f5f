package conformance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"
)

// coverageRules are the rules for the components that a signature covers.
var coverageRules = []rule{
	{
		rule: "@query is covered with its question mark", source: signatures,
		keeps: signed(at("/portfolios/allocations?limit=1&sort=id"), asIs),
		breaks: signed(at("/portfolios/allocations?limit=1"), signsText(func(base string) string {
			return strings.Replace(base, `": ?limit`,
				`": limit`, 1)
		})),
		detail: `"@query" without its leading question mark`,
	},
	{
		rule: "@query is signed exactly as sent", source: signatures,
		keeps: signed(at("/portfolios/allocations?limit=1&start_date=2022-10-14T00%3a00%3A00Z"), asIs),
		breaks: tampered(at("/portfolios/allocations?start_date=2022-10-14T00%3a00%3A00Z"), func(r *request) {
			r.query = "start_date=2022-10-14T00:00:00Z"
		}),
		detail: "the signature does not verify",
	},
	{
		rule: "@query is covered only if the URL has a query", source: signatures,
		breaks: signed(get, covering("@query")),
		detail: `component "@query" is covered, but the URL has no query`,
	},
	{
		rule: "the method is the one that was signed", source: signatures,
		breaks: tampered(at("/portfolios/orders/"+uuid.NewString()),
			func(r *request) { r.method = "DELETE" }),
		detail: "the signature does not verify",
	},
	{
		rule: "the path is the one that was signed", source: signatures,
		breaks: tampered(get, func(r *request) { r.path = "/portfolios/orders" }),
		detail: "the signature does not verify",
	},
	{
		rule: "a covered header is the one that was signed", source: signatures,
		breaks: tampered(post, with("idempotency-key", uuid.NewString())),
		detail: "the signature does not verify",
	},
	{
		rule: "the access token is the one that was signed", source: signatures,
		breaks: tampered(get, with("authorization", "Bearer other")),
		detail: "the signature does not verify",
	},
	{
		rule: "white space around a covered value is not signed", source: draft,
		keeps: tampered(get,
			func(r *request) { r.set("authorization", "  "+r.get("authorization")+"\t ") }),
	},
	{
		rule: "only SP and HTAB are white space around a value", source: draft,
		keeps: signed(get, func(r *request) {
			r.set("accept-language", "\u00a0en\u00a0\t")
			r.cover("accept-language")
		}),
		breaks: signed(get, func(r *request) {
			r.set("accept-language", "\u00a0en\u00a0")
			r.cover("accept-language")
			signsText(func(base string) string { return strings.ReplaceAll(base, "\u00a0", "") })(r)
		}),
		detail: "the signature does not verify",
	},
	{
		rule: "a covered header was sent", source: draft,
		breaks: signed(get, covering("idempotency-key")),
		detail: `component "idempotency-key" is covered, but the header was not sent`,
	},
	{
		rule: "idempotency-key is covered whenever it is sent", source: signatures,
		keeps:  signed(get, func(r *request) { r.setKey(uuid.NewString()) }),
		breaks: signed(get, with("idempotency-key", uuid.NewString())),
		detail: `component "idempotency-key" is not covered`,
	},
	{
		rule: "upvest-api-version may be covered", source: choice,
		keeps:  signed(get, notCovering("upvest-api-version")),
		breaks: signed(get, func(r *request) { r.remove("upvest-api-version") }),
		detail: `component "upvest-api-version" is covered, but the header was not sent`,
	},
}

// digestRules are the rules for content-digest and content-length.
var digestRules = []rule{
	{
		rule: "a digest matches the body even if the body is empty", source: digests,
		keeps: signed(get, with("content-type", "application/json")),
		breaks: signed(get, func(r *request) {
			r.set("content-digest", r.caller.post().get("content-digest"))
		}),
		detail: "content-digest member sha-512 does not match the 0 bytes",
	},
	{
		rule: "the digest matches the body", source: digests,
		keeps: signed(post, asIs),
		breaks: tampered(post,
			func(r *request) { r.body = strings.Replace(r.body, "World", "Wurld", 1) }),
		detail: "content-digest member sha-512 does not match",
	},
	{
		rule: "the digest is SHA-512, and other digests may be added", source: signatures,
		keeps: signed(post, func(r *request) {
			r.set("content-digest", "sha-256=:"+sha256Text(r.body)+":, "+r.get("content-digest"))
		}),
		breaks: signed(post, func(r *request) {
			r.set("content-digest", "sha-256=:"+sha256Text(r.body)+":")
		}),
		detail: "content-digest has no member sha-512",
	},
	{
		rule: "every digest with a known algorithm matches the body", source: digests,
		breaks: signed(post, func(r *request) {
			r.set("content-digest", "sha-256=:"+sha256Text("other")+":, "+r.get("content-digest"))
		}),
		detail: "content-digest member sha-256 does not match",
	},
	{
		rule: "the digest is a byte sequence", source: digests,
		breaks: signed(post,
			func(r *request) {
				r.set("content-digest",
					strings.ReplaceAll(r.get("content-digest"), ":", `"`))
			}),
		detail: "content-digest member sha-512 is not a byte sequence",
	},
	{
		rule: "content-length is the length of the body", source: signatures,
		breaks: signed(post, func(r *request) { r.set("content-length", "0"+r.get("content-length")) }),
		detail: "but the body has",
	},
}

// componentRules returns one rule for each component that must be covered, must not be
// covered, or cannot be covered.
func componentRules() []rule {
	var rules []rule
	for _, name := range []string{
		"@method", "@path", "accept", "authorization", "content-length", "content-type", "content-digest",
		"idempotency-key", "upvest-client-id",
	} {
		rules = append(rules, rule{
			rule: name + " is covered", source: signatures,
			breaks: signed(post, notCovering(name)),
			detail: `component "` + name + `" is not covered`,
		})
	}
	rules = append(rules, rule{
		rule: "@query is covered", source: signatures,
		breaks: signed(at("/portfolios/allocations?limit=1"), notCovering("@query")),
		detail: `component "@query" is not covered`,
	})
	for _, name := range []string{
		"user-agent", "accept-encoding", "connection", "host", "@authority", "cookie", "priority",
		"x-request-id", "cf-ray", "cdn-loop", "sec-fetch-mode", "signature", "signature-input",
		"upvest-signature-version",
	} {
		rules = append(rules, rule{
			rule: name + " is never covered", source: signatures,
			breaks: signed(get, func(r *request) {
				if r.get(name) == "" && name != "@authority" {
					r.set(name, "keep-alive")
				}
				r.cover(name)
			}),
			detail: `component "` + name + `" must never be covered`,
		})
	}
	for _, name := range []string{"@target-uri", "@status"} {
		rules = append(rules, rule{
			rule: name + " is not a documented component", source: choice,
			breaks: signed(get, covering(name)),
			detail: `component "` + name + `" is not a documented component`,
		})
	}
	return rules
}

func sha256Text(body string) string {
	sum := sha256.Sum256([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}
