// Package signature checks the HTTP message signatures that the Investment API demands: draft-ietf-httpbis-message-signatures-15 with the
// restrictions of docs.upvest.co (Authentication, HTTP message signatures). It is written from those documents alone, and shares no code
// with any signer: it takes apart what arrived and rebuilds the signature base from the components that the request itself lists.
package signature

import (
	"crypto"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
)

// The one version of the signature scheme that is served, as the header upvest-signature-version selects it.
const version = "15"

// Bounds on what one request may cost: the length of a nonce to remember, and the number of signatures to check.
const (
	maxNonce  = 256
	maxLabels = 8
)

// Request is a received request, with all that a signature can cover.
type Request struct {
	*http.Request
	// Body is the whole body as it arrived.
	Body []byte
	// Token says that this is a request for an access token, which has no access token to cover yet.
	Token bool
	// Keys are the public keys of the calling client, by key id.
	Keys map[string]crypto.PublicKey
}

// Failure says which rule a signature broke. Its text starts with "Signature is incorrect", as the service's own does.
type Failure struct {
	detail string
	// Base is the signature base that was computed, with the access token masked. Empty when it could not be computed.
	Base string
}

func (f *Failure) Error() string { return "Signature is incorrect: " + f.detail }

// Rules are the limits that the documents leave open.
type Rules struct {
	// Now is the clock that created and expires are held against.
	Now func() time.Time
	// Skew is how far the clock of a client may be off.
	Skew time.Duration
	// MaxLifetime is the longest time from created to expires.
	MaxLifetime time.Duration
	// MaxNonces is how many used nonces are remembered.
	MaxNonces int64
}

// Verifier checks signatures and remembers used nonces. It is safe for concurrent use.
type Verifier struct {
	rules  Rules
	nonces *expiring.Store[usedNonce, struct{}]
}

type usedNonce struct{ keyID, nonce string }

// NewVerifier returns a verifier that has seen no nonce yet.
func NewVerifier(rules Rules) *Verifier {
	return &Verifier{rules: rules, nonces: expiring.New[usedNonce, struct{}](rules.MaxNonces)}
}

// Verify returns nil if one of the request's signatures keeps every rule, and otherwise what is wrong with the first of them.
func (v *Verifier) Verify(r *Request) *Failure {
	if got := r.Header.Values("Upvest-Signature-Version"); len(got) != 1 || got[0] != version {
		return fail("upvest-signature-version is %s, expected 15 (version 6 is taken when the header is missing, and is not served)", said(got))
	}
	inputs, failure := dictionary(r, "Signature-Input")
	if failure != nil {
		return failure
	}
	signatures, failure := dictionary(r, "Signature")
	if failure != nil {
		return failure
	}
	if got := len(inputs.Names()); got > maxLabels {
		return fail("signature-input has %d members, expected at most %d", got, maxLabels)
	}
	var first *Failure
	for _, label := range inputs.Names() {
		failure := v.verifyOne(r, label, inputs, signatures)
		if failure == nil {
			return nil
		}
		if first == nil {
			first = failure
		}
	}
	return first
}

// verifyOne checks the signature of one label, rule by rule.
func (v *Verifier) verifyOne(r *Request, label string, inputs, signatures *httpsfv.Dictionary) *Failure {
	member, _ := inputs.Get(label)
	input, ok := member.(httpsfv.InnerList)
	if !ok {
		return fail("signature-input member %s is not a list of components in parentheses", label)
	}
	signature, failure := signatureBytes(label, signatures)
	if failure != nil {
		return failure
	}
	components, failure := componentNames(input)
	if failure != nil {
		return failure
	}
	if failure := checkCoverage(r, components); failure != nil {
		return failure
	}
	base, failure := newBase(r, components, input)
	if failure != nil {
		return failure
	}
	parameters, failure := v.checkParameters(input.Params)
	if failure != nil {
		return failure.with(base)
	}
	key, ok := r.Keys[parameters.keyID]
	if !ok {
		return fail("keyid %q is not a key of the client in upvest-client-id", parameters.keyID).with(base)
	}
	if failure := checkAlgorithm(parameters.algorithm, key); failure != nil {
		return failure.with(base)
	}
	if failure := checkBody(r); failure != nil {
		return failure.with(base)
	}
	if failure := checkSignature(key, base, signature); failure != nil {
		return failure.with(base)
	}
	return v.useNonce(parameters).with(base)
}

// useNonce comes last: only a request that proved to be the client's may use one up.
func (v *Verifier) useNonce(p parameters) *Failure {
	now := v.rules.Now()
	// From then on the signature is refused for its age, so that the nonce can be forgotten.
	forget := p.expires.Add(v.rules.Skew + time.Second)
	if !v.nonces.Add(usedNonce{keyID: p.keyID, nonce: p.nonce}, struct{}{}, 1, now, forget) {
		return fail("nonce was used before with this key, expected a fresh one for every attempt")
	}
	return nil
}

// dictionary parses one of the two signature headers, which may come in several lines.
func dictionary(r *Request, header string) (*httpsfv.Dictionary, *Failure) {
	name := strings.ToLower(header)
	lines := r.Header.Values(header)
	if len(lines) == 0 {
		return nil, fail("%s is missing", name)
	}
	parsed, err := httpsfv.UnmarshalDictionary(trimmed(lines))
	if err != nil {
		return nil, fail("%s is not a structured field dictionary such as sig1=…: %v", name, err)
	}
	if len(parsed.Names()) == 0 {
		return nil, fail("%s is empty", name)
	}
	return parsed, nil
}

func signatureBytes(label string, signatures *httpsfv.Dictionary) ([]byte, *Failure) {
	member, ok := signatures.Get(label)
	if !ok {
		return nil, fail("signature has no member %s, which signature-input names", label)
	}
	item, ok := member.(httpsfv.Item)
	if !ok {
		return nil, fail("signature member %s is not a byte sequence such as %s=:<standard base64>:", label, label)
	}
	value, ok := item.Value.([]byte)
	if !ok {
		return nil, fail("signature member %s is not a byte sequence such as %s=:<standard base64>:", label, label)
	}
	return value, nil
}

func componentNames(input httpsfv.InnerList) ([]string, *Failure) {
	names := make([]string, 0, len(input.Items))
	for _, item := range input.Items {
		name, ok := item.Value.(string)
		if !ok {
			return nil, fail("signature-input lists a component that is not a string in quotation marks")
		}
		if len(item.Params.Names()) > 0 {
			return nil, fail("component %q has parameters, expected the plain name", name)
		}
		if name != strings.ToLower(name) {
			return nil, fail("component %q is not in lower case", name)
		}
		if slices.Contains(names, name) {
			return nil, fail("component %q is listed twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// said shows the values of a header that holds no secret.
func said(values []string) string {
	if len(values) == 0 {
		return "missing"
	}
	return fmt.Sprintf("%q", strings.Join(values, ", "))
}

func fail(format string, arguments ...any) *Failure {
	return &Failure{detail: fmt.Sprintf(format, arguments...)}
}

func (f *Failure) with(b base) *Failure {
	if f != nil {
		f.Base = b.masked
	}
	return f
}
