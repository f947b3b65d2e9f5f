package conformance_test

import (
	"strings"
)

// withoutClient is a token request that names its client in the form alone.
func withoutClient(r *request) {
	r.remove("upvest-client-id")
	r.uncover("upvest-client-id")
}

func withoutClientInForm(r *request) { r.setBody(strings.Replace(r.body, "client_id=", "id=", 1)) }

func javaHabits() []habit {
	return []habit{
		{"no upvest-client-id on a token request", accepted(signed(asksToken, withoutClient)), legal(signed(asksToken, asIs))},
		{
			"no upvest-client-id covered that is not sent", accepted(signed(asksToken, withoutClient)),
			missigned(notSent("upvest-client-id"), signed(asksToken, without("upvest-client-id"))),
		},
		{
			"the form names the client instead", accepted(signed(asksToken, withoutClient)),
			clientless(signed(asksToken, all(withoutClient, withoutClientInForm))),
		},
		{"upvest-client-id on all other requests", accepted(signed(get, asIs)), clientless(signed(get, withoutClient))},
		{ // the habit is refused, and breaking it is what helps
			"idempotency-key sent and not covered",
			missigned(notCovered("idempotency-key"), signed(post, uncovering("idempotency-key"))), legal(signed(post, asIs)),
		},
	}
}
