package conformance_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// asGoProxy signs for a browser or for Postman: what they send comes first, in any order.
func asGoProxy(r *request) {
	for _, sent := range callerHeaders {
		sending(sent.name, sent.value)(r)
	}
	derived := func(name string) bool { return strings.HasPrefix(name, "@") || name == "content-digest" }
	r.components = slices.DeleteFunc(r.components, derived)
	rand.Shuffle(len(r.components), func(i, j int) { r.components[i], r.components[j] = r.components[j], r.components[i] })
	r.components = append(r.components, "@method", "@path")
	if r.query != "" {
		r.components = append(r.components, "@query")
	}
	if r.body != "" {
		r.components = append(r.components, "content-digest")
	}
	parameterOrder("keyid", "created", "nonce", "expires")(r)
}

var callerHeaders = []header{
	{"accept-language", "de, en;q=0.5"},
	{"origin", "http://localhost:3000"},
	{"postman-token", "3c1f6a52-6a0e-4d0c-9a55-0a4b1f0f7c11"},
}

// skipped are headers of a browser that the proxy leaves uncovered.
var skipped = []header{
	{"user-agent", "browser"},
	{"accept-encoding", "gzip"},
	{"connection", "keep-alive"},
	{"cookie", "a=b"},
	{"priority", "u=1"},
	{"sec-fetch-mode", "cors"},
	{"x-requested-with", "browser"},
	{"cf-ray", "1"},
	{"cdn-loop", "1"},
}

func goProxyHabits(w world) []habit {
	typed := all(sending("content-type", "application/json"), asGoProxy)
	habits := append(
		documented(asGoProxy),
		habit{
			"parameters as keyid, created, nonce, expires", accepted(signed(get, asGoProxy)),
			missigned(unverified, tampered(prepared(get, asGoProxy), parametersTurned)),
		},
		habit{
			"content-type covered on a GET", accepted(signed(get, typed)),
			missigned(notSent("content-type"), signed(get, all(typed, without("content-type")))),
		},
		habit{
			"content-type covered on a DELETE", accepted(signed(w.cancels(), typed)),
			missigned(notSent("content-type"), signed(w.cancels(), all(typed, without("content-type")))),
		},
		habit{
			"content-type not left uncovered on a GET", accepted(signed(get, typed)),
			legal(signed(get, all(typed, uncovering("content-type")))),
		},
		habit{ // the habit is refused, and breaking it is what helps
			"accept as anything where the caller sends none",
			refused(http.StatusNotAcceptable, "expected exactly application/json", signed(get, all(func(r *request) { r.set("accept", "*/*") }, asGoProxy))),
			legal(signed(get, asGoProxy)),
		},
		habit{
			"the client of a token request read from the form", accepted(signed(asksToken, all(withoutClient, asGoProxy))),
			clientless(signed(asksToken, all(withoutClient, asGoProxy, withoutClientInForm))),
		},
		habit{
			"the form names a client of ours", accepted(signed(asksToken, all(withoutClient, asGoProxy))),
			refused(http.StatusUnauthorized, "is not a client of this sandbox", signed(asksToken, all(withoutClient, asGoProxy, func(r *request) {
				r.setBody(strings.Replace(r.body, r.caller.clientID, uuid.NewString(), 1))
			}))),
		},
		habit{
			"the form only stands in for the header", accepted(signed(asksToken, asGoProxy)),
			missigned(notCovered("upvest-client-id"), signed(asksToken, all(asGoProxy, uncovering("upvest-client-id")))),
		},
	)
	for _, sent := range callerHeaders {
		other := func(r *request) { r.set(sent.name, "another") }
		habits = append(
			habits,
			habit{sent.name + " covered", accepted(signed(get, asGoProxy)), missigned(unverified, tampered(prepared(get, asGoProxy), other))},
			habit{sent.name + " not left uncovered", accepted(signed(get, asGoProxy)), legal(signed(get, all(asGoProxy, uncovering(sent.name))))},
		)
	}
	for _, sent := range skipped {
		browser := all(asGoProxy, func(r *request) { r.set(sent.name, sent.value) })
		habits = append(habits, habit{
			sent.name + " skipped", accepted(signed(get, browser)),
			missigned(`component "`+sent.name+`" must never be covered`, signed(get, all(browser, covering(sent.name)))),
		})
	}
	return habits
}
