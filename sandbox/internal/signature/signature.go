// Package signature checks the HTTP message signatures that the Investment API requires:
// draft-ietf-httpbis-message-signatures-15 with the restrictions of docs.upvest.co
// (Authentication, HTTP message signatures). The package is written only from these
// documents and shares no code with any signer. It parses the headers that arrived, and
// rebuilds the signature base from the components that the request lists.
package signature

import (
	"crypto"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
)

// version is the only supported version of the signature scheme. The header
// upvest-signature-version selects it.
const version = "15"

// These limits bound the cost of one request: maxNonce is the maximum length of a nonce
// in bytes, and maxLabels is the maximum number of signatures.
const (
	maxNonce  = 256
	maxLabels = 4
)

// Request is a received request with everything that a signature can cover.
type Request struct {
	*http.Request
	// Body is the whole body as it arrived.
	Body []byte
	// Token is true for a request for an access token. The signature of such a request
	// cannot cover an access token.
	Token bool
	// Client is the calling client. Keys maps each key id to a public key of this client.
	Client uuid.UUID
	Keys   map[string]crypto.PublicKey
}

// Failure describes the rule that a signature breaks. Its text starts with "Signature is
// incorrect", like the text of Upvest's service.
type Failure struct {
	detail string
	// Base is the expected signature base, in which secrets are masked.
	Base string
}

// Error returns the text that the response shows as its detail.
func (f *Failure) Error() string { return "Signature is incorrect: " + f.detail }

// Rules hold the clock and the limits of a [Verifier]. Upvest does not document these
// limits.
type Rules struct {
	// Now is the clock with which `created` and `expires` are compared.
	Now func() time.Time
	// Skew is the maximum difference between a client's clock and Now.
	Skew time.Duration
	// MaxLifetime is the longest time from `created` to `expires`.
	MaxLifetime time.Duration
	// MaxNonces is the maximum number of used nonces that are kept.
	MaxNonces int
}

// Verifier checks signatures and keeps used nonces. It is safe for concurrent use.
type Verifier struct {
	rules  Rules
	nonces *expiring.Store[usedNonce, struct{}]
}

// proof is a signature that has been verified.
type proof struct {
	parameters
	base base
}

type usedNonce struct {
	client       uuid.UUID
	keyID, nonce string
}

// NewVerifier returns a verifier that has seen no nonce yet.
func NewVerifier(rules Rules) *Verifier {
	return &Verifier{rules: rules, nonces: expiring.New[usedNonce, struct{}](rules.MaxNonces)}
}

// Verify returns nil if at least one of the request's signatures is valid and none of the
// valid signatures reuses a nonce. If no signature is valid, it returns the failure of
// the first signature. If valid signatures reuse nonces, it returns the failure for the
// first reused nonce.
func (v *Verifier) Verify(r *Request) *Failure {
	if got := r.Header.Values("Upvest-Signature-Version"); len(got) != 1 || got[0] != version {
		return failUnlisted(r, "upvest-signature-version is %s, expected 15 "+
			"(without the header, version 6 applies, which this sandbox does not support)", headerText(got))
	}
	inputs, failure := dictionary(r, "Signature-Input")
	if failure != nil {
		return failUnlisted(r, "%s", failure.detail)
	}
	signatures, failure := dictionary(r, "Signature")
	if failure != nil {
		return failUnlisted(r, "%s", failure.detail)
	}
	if n := len(inputs.Names()); n > maxLabels {
		return failUnlisted(r, "signature-input has %d members, expected at most %d", n, maxLabels)
	}
	var first *Failure
	var proven []proof
	for _, label := range inputs.Names() {
		// A diagnosis costs more than the check itself, so only the first failure is
		// diagnosed.
		diagnose := first == nil
		p, failure := v.verifyOne(r, label, inputs, signatures, diagnose)
		switch {
		case failure == nil:
			proven = append(proven, p)
		case first == nil:
			first = failure
		}
	}
	if len(proven) == 0 {
		return first
	}
	return v.useNonces(r, proven)
}

// verifyOne checks the signature with the given label, rule by rule.
func (v *Verifier) verifyOne(
	r *Request, label string, inputs, signatures *httpsfv.Dictionary, diagnose bool,
) (proof, *Failure) {
	member, _ := inputs.Get(label)
	input, ok := member.(httpsfv.InnerList)
	if !ok {
		return proof{}, failUnlisted(r,
			"signature-input member %s is not a list of components in parentheses", label)
	}
	given, err := httpsfv.Marshal(httpsfv.InnerList{Params: input.Params})
	if err != nil {
		return proof{}, failUnlisted(r,
			"signature-input cannot be serialized as a structured field: %v", err)
	}
	given = strings.TrimPrefix(given, "()")
	components, failure := componentNames(input)
	if failure == nil {
		failure = checkCoverage(r, components)
	}
	if failure != nil {
		return proof{}, failure.with(expectedBase(r, components, given))
	}
	base := newBase(r, components, "("+quoted(components)+")"+given)
	p, failure := v.checkOne(r, base, label, input.Params, signatures, diagnose)
	return proof{parameters: p, base: base}, failure.with(base)
}

// checkOne checks the parameters, the body and the signature itself.
func (v *Verifier) checkOne(
	r *Request, base base, label string, given *httpsfv.Params, signatures *httpsfv.Dictionary, diagnose bool,
) (parameters, *Failure) {
	signature, failure := signatureBytes(label, signatures)
	if failure != nil {
		return parameters{}, failure
	}
	p, failure := v.checkParameters(given)
	if failure != nil {
		return p, failure
	}
	key, ok := r.Keys[p.keyID]
	if !ok {
		return p, fail("keyid %q is not a key of the client in upvest-client-id", p.keyID)
	}
	if failure := checkAlgorithm(p.algorithm, key); failure != nil {
		return p, failure
	}
	if failure := checkBody(r); failure != nil {
		return p, failure
	}
	return p, checkSignature(key, base, signature, diagnose)
}

// useNonces marks the nonces of all verified signatures as used, and returns a failure if
// one of these nonces was already used. If it marked only one nonce, the same request
// would be accepted once for each of its signatures. This step is last, because only a
// verified signature may mark its nonce as used.
func (v *Verifier) useNonces(r *Request, proven []proof) *Failure {
	now := v.rules.Now()
	var failure *Failure
	for _, p := range proven {
		// After this time, the signature is refused as expired, so the verifier can
		// forget its nonce.
		forget := p.expires.Add(v.rules.Skew + time.Second)
		used := usedNonce{client: r.Client, keyID: p.keyID, nonce: p.nonce}
		if !v.nonces.Add(used, struct{}{}, now, forget) && failure == nil {
			failure = fail("nonce was used before with this key, expected a new nonce for every attempt").
				with(p.base)
		}
	}
	return failure
}

// dictionary parses a header that contains a structured field dictionary. The header may
// have several lines.
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
	// If the member is not an item, item is the zero value, in which Value is nil.
	item, _ := member.(httpsfv.Item)
	value, ok := item.Value.([]byte)
	if !ok {
		return nil, fail("signature member %[1]s is not a byte sequence such as %[1]s=:<standard base64>:",
			label)
	}
	return value, nil
}

func componentNames(input httpsfv.InnerList) ([]string, *Failure) {
	names := make([]string, 0, len(input.Items))
	for _, item := range input.Items {
		name, ok := item.Value.(string)
		if !ok {
			return names, fail("signature-input lists a component that is not a string in quotation marks")
		}
		if len(item.Params.Names()) > 0 {
			return names, fail("component %q has parameters, expected the plain name", name)
		}
		if name != strings.ToLower(name) {
			return names, fail("component %q is not in lower case", name)
		}
		if slices.Contains(names, name) {
			return names, fail("component %q is listed twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// headerText returns the values of a header for an error message, or "missing". The
// header must not contain a secret.
func headerText(values []string) string {
	if len(values) == 0 {
		return "missing"
	}
	return fmt.Sprintf("%q", strings.Join(values, ", "))
}

func fail(format string, arguments ...any) *Failure {
	return &Failure{detail: fmt.Sprintf(format, arguments...)}
}

// failUnlisted returns the failure of a signature whose list of components could not be
// read.
func failUnlisted(r *Request, format string, arguments ...any) *Failure {
	return fail(format, arguments...).with(expectedBase(r, nil, placeholders))
}

func (f *Failure) with(b base) *Failure {
	if f != nil {
		f.Base = b.masked
	}
	return f
}
