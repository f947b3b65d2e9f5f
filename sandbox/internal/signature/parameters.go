package signature

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"time"

	"github.com/dunglas/httpsfv"
)

// parameters are what comes after the list of components, in any order.
type parameters struct {
	keyID, nonce, algorithm string
	created, expires        time.Time
}

// checkParameters reads the parameters and holds the times against the clock. Unknown parameters are covered like the known ones, and
// ignored.
func (v *Verifier) checkParameters(p *httpsfv.Params) (parameters, *Failure) {
	var out parameters
	var failure *Failure
	if out.keyID, failure = stringParameter(p, "keyid"); failure != nil {
		return out, failure
	}
	if out.nonce, failure = stringParameter(p, "nonce"); failure != nil {
		return out, failure
	}
	if len(out.nonce) > maxNonce {
		return out, fail("nonce is longer than %d characters", maxNonce)
	}
	if _, ok := p.Get("alg"); ok {
		if out.algorithm, failure = stringParameter(p, "alg"); failure != nil {
			return out, failure
		}
	}
	if out.created, failure = timeParameter(p, "created"); failure != nil {
		return out, failure
	}
	if out.expires, failure = timeParameter(p, "expires"); failure != nil {
		return out, failure
	}
	return out, v.checkTimes(out.created, out.expires)
}

func (v *Verifier) checkTimes(created, expires time.Time) *Failure {
	now := v.rules.Now()
	if lifetime := expires.Sub(created); lifetime <= 0 || lifetime > v.rules.MaxLifetime {
		return fail("expires is %d seconds after created, expected 1 to %d", int64(lifetime/time.Second), int64(v.rules.MaxLifetime/time.Second))
	}
	if created.After(now.Add(v.rules.Skew)) {
		return fail("created is %d, in the future: the machine's time is %d and allows %d seconds of skew",
			created.Unix(), now.Unix(), int64(v.rules.Skew/time.Second))
	}
	if now.After(expires.Add(v.rules.Skew)) {
		return fail("expires is %d, in the past: the machine's time is %d and allows %d seconds of skew",
			expires.Unix(), now.Unix(), int64(v.rules.Skew/time.Second))
	}
	return nil
}

func stringParameter(p *httpsfv.Params, name string) (string, *Failure) {
	value, ok := p.Get(name)
	if !ok {
		return "", fail("parameter %s is missing", name)
	}
	text, ok := value.(string)
	if !ok || text == "" {
		return "", fail(`parameter %s is not a string in quotation marks, expected %s="…"`, name, name)
	}
	return text, nil
}

func timeParameter(p *httpsfv.Params, name string) (time.Time, *Failure) {
	value, ok := p.Get(name)
	if !ok {
		return time.Time{}, fail("parameter %s is missing", name)
	}
	seconds, ok := value.(int64)
	if !ok || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, fail("parameter %s is not a bare integer of Unix seconds, expected %s=1633529659", name, name)
	}
	return time.Unix(seconds, 0), nil
}

// checkAlgorithm accepts the absence of alg, which is the normal case, and otherwise wants the one of the key. The draft registers no name
// for ECDSA with SHA-512, so it is written as the registered ones are.
func checkAlgorithm(algorithm string, key crypto.PublicKey) *Failure {
	want := "ed25519"
	if ec, ok := key.(*ecdsa.PublicKey); ok {
		want = fmt.Sprintf("ecdsa-p%d-sha512", ec.Curve.Params().BitSize)
	}
	if algorithm == "" || algorithm == want {
		return nil
	}
	return fail("alg is %q, expected %s for this key (it is normally left out)", algorithm, want)
}
