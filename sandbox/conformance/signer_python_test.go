package conformance_test

func asPython(r *request) {
	all(datedNow, ordered("@method", "@path", "@query", "accept", "content-type", "content-length", "authorization", "upvest-api-version",
		"upvest-client-id", "idempotency-key", "date", "content-digest"), parameterOrder("keyid", "nonce", "created", "expires"))(r)
}

func pythonHabits(w world) []habit {
	plain := &caller{key: keyBeside(w.t, w.p, w.clientID+".p521")}
	empty := all(sending("content-length", "0"), asPython)
	return append(
		append(documented(asPython), alwaysDated(w, asPython)...),
		habit{
			"parameters as keyid, nonce, created, expires", accepted(signed(get, asPython)),
			missigned(unverified, tampered(prepared(get, asPython), parametersTurned)),
		},
		habit{
			"a DELETE covers content-length: 0", accepted(signed(w.cancels(), empty)),
			missigned(notSent("content-length"), signed(w.cancels(), all(empty, without("content-length")))),
		},
		habit{
			"a DELETE does not leave content-length: 0 uncovered", accepted(signed(w.cancels(), empty)),
			legal(signed(w.cancels(), all(empty, uncovering("content-length")))),
		},
		habit{
			"a DELETE sends content-length: 0", accepted(signed(w.cancels(), empty)),
			legal(signed(w.cancels(), asPython)),
		},
		habit{ // the table's client signs with what it read from the encrypted file
			"a key file with a passphrase", accepted(signed(get, asPython)),
			legal(signed(get, all(asPython, func(r *request) { r.signer = plain.sign }))),
		},
	)
}
