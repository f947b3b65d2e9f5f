package signature

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"time"

	"github.com/dunglas/httpsfv"
)

// parameters are the signature parameters. In the header, the parameters can have any
// order, and follow the list of components.
type parameters struct {
	keyID, nonce, algorithm string
	created, expires        time.Time
}

// checkParameters reads the parameters and checks the times. Unknown parameters are part
// of the signature base, but are otherwise ignored.
func (v *Verifier) checkParameters(p *httpsfv.Params) (parameters, *Failure) {
	read := parameterReader{params: p}
	out := parameters{
		keyID: read.text("keyid"),
		nonce: read.text("nonce"),
	}
	if len(out.nonce) > maxNonce {
		read.failf("nonce is longer than %d bytes", maxNonce)
	}
	if _, found := p.Get("alg"); found {
		out.algorithm = read.text("alg")
	}
	out.created = read.time("created")
	out.expires = read.time("expires")
	if read.failure != nil {
		return out, read.failure
	}
	return out, v.checkTimes(out.created, out.expires)
}

func (v *Verifier) checkTimes(created, expires time.Time) *Failure {
	now := v.rules.Now()
	skew := v.rules.Skew
	lifetime := expires.Sub(created)
	if lifetime <= 0 || lifetime > v.rules.MaxLifetime {
		return fail("expires is %d seconds after created, expected 1 to %d",
			int64(lifetime/time.Second), int64(v.rules.MaxLifetime/time.Second))
	}
	if created.After(now.Add(skew)) {
		return fail("created is %d, in the future: the machine's time is %d, "+
			"and at most %d seconds of skew are allowed",
			created.Unix(), now.Unix(), int64(skew/time.Second))
	}
	if now.After(expires.Add(skew)) {
		return fail("expires is %d, in the past: the machine's time is %d, "+
			"and at most %d seconds of skew are allowed",
			expires.Unix(), now.Unix(), int64(skew/time.Second))
	}
	return nil
}

// parameterReader reads parameters by name, and stores the first failure.
type parameterReader struct {
	params  *httpsfv.Params
	failure *Failure
}

func (r *parameterReader) failf(format string, arguments ...any) {
	if r.failure == nil {
		r.failure = fail(format, arguments...)
	}
}

func (r *parameterReader) text(name string) string {
	value, found := r.params.Get(name)
	if !found {
		r.failf("parameter %s is missing", name)
		return ""
	}
	text, ok := value.(string)
	if !ok || text == "" {
		r.failf(`parameter %s is not a string in quotation marks, expected %s="…"`, name, name)
	}
	return text
}

func (r *parameterReader) time(name string) time.Time {
	value, found := r.params.Get(name)
	if !found {
		r.failf("parameter %s is missing", name)
		return time.Time{}
	}
	seconds, ok := value.(int64)
	if !ok || seconds < 0 || seconds > 1<<40 {
		r.failf("parameter %s is not a bare integer of Unix seconds, expected %s=1633529659", name, name)
	}
	return time.Unix(seconds, 0)
}

// checkAlgorithm accepts a signature without the parameter `alg`, which is the normal
// case. If the signature has an `alg`, it must name the algorithm of the key. The draft
// registers no name for ECDSA with SHA-512, so the sandbox uses a name that follows the
// pattern of the registered names.
func checkAlgorithm(algorithm string, key crypto.PublicKey) *Failure {
	want := "ed25519"
	if ec, ok := key.(*ecdsa.PublicKey); ok {
		want = fmt.Sprintf("ecdsa-p%d-sha512", ec.Curve.Params().BitSize)
	}
	if algorithm == "" || algorithm == want {
		return nil
	}
	return fail("alg is %q, expected %s for this key (the parameter is normally left out)", algorithm, want)
}
