package conformance_test

import "github.com/google/uuid"

func asJavaScript(r *request) {
	all(datedNow, ordered("@method", "@path", "@query", "accept", "content-type", "upvest-client-id", "upvest-api-version",
		"idempotency-key", "authorization", "date", "content-length", "content-digest"))(r)
}

func javaScriptHabits(w world) []habit {
	keyed := all(func(r *request) { r.setKey(uuid.NewString()) }, asJavaScript)
	uncovered := all(keyed, uncovering("idempotency-key"))
	return append(
		append(documented(asJavaScript), alwaysDated(w, asJavaScript)...),
		habit{
			"idempotency-key covered on a DELETE", accepted(signed(w.cancels(), keyed)),
			missigned(notCovered("idempotency-key"), signed(w.cancels(), uncovered)),
		},
		habit{
			"idempotency-key only when sent on a DELETE", accepted(signed(w.cancels(), asJavaScript)),
			missigned(notSent("idempotency-key"), signed(w.cancels(), all(keyed, without("idempotency-key")))),
		},
		habit{
			"idempotency-key covered on a GET", accepted(signed(get, keyed)),
			missigned(notCovered("idempotency-key"), signed(get, uncovered)),
		},
		habit{
			"idempotency-key covered on a PUT", accepted(signed(w.replaces(), keyed)),
			missigned(notCovered("idempotency-key"), signed(w.replaces(), uncovered)),
		},
	)
}

// replaces is a request that writes an allocation anew.
func (w world) replaces() func(*caller) *request {
	w.t.Helper()
	return sends("PUT", "/portfolios/allocations/"+w.allocate(world1, "1"), allocationBody)
}
