package wrapper

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// defaultSignatureLifetime is how long a signature may be used. Upvest documents no
// limit; its own code uses 5 to 60 seconds.
const defaultSignatureLifetime = 60 * time.Second

// SignerConfig configures a [Signer].
type SignerConfig struct {
	// KeyID names the public key that Upvest has.
	KeyID string
	// PrivateKey is Ed25519 or ECDSA on P-521. Other curves work here, but Upvest does
	// not document them. Any crypto.Signer is accepted, so that the key can stay in a KMS
	// or HSM. If the key has the method
	//
	//	SignContext(ctx context.Context, rand io.Reader, digest []byte,
	//		opts crypto.SignerOpts) ([]byte, error)
	//
	// the client calls it with the context of the attempt. Without this method, a key
	// service that hangs does so even after the context of the call has ended. The client
	// then requests at most eight signatures at the same time; further calls wait until
	// one returns or their own contexts end.
	//
	// ECDSA signatures are ASN.1, as crypto.Signer requires. The client verifies the
	// first signature of a key that is not from the standard library with its public key.
	// If the signature is raw or does not match, the call fails before anything is sent.
	PrivateKey crypto.Signer
	// Lifetime is the time from created to expires, in whole seconds; 0 means 60 seconds.
	Lifetime time.Duration
	// Clock returns the time for created and expires; nil means time.Now.
	Clock func() time.Time
	// Nonce returns a new printable ASCII text without quote and backslash at each call;
	// nil means 144 random bits.
	Nonce func() (string, error)
	// SignatureBase receives the base of every signature before it is signed, with the
	// token masked, to compare it with what a server expects. It may be nil.
	SignatureBase func(base string)
}

// Format prints the configuration without the key, for every verb.
func (c SignerConfig) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "{KeyID:%s PrivateKey:(hidden) Lifetime:%s}", c.KeyID, c.Lifetime)
}

// MarshalText returns the text that fmt prints, which is also what encoding/json writes.
func (c SignerConfig) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs the text that fmt prints.
func (c SignerConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Signer signs requests with HTTP message signatures in the form of
// draft-ietf-httpbis-message-signatures-15, which is Upvest's signature version 15. It is
// safe for concurrent use if its key is.
//
// Source: docs.upvest.co, "HTTP message signatures".
type Signer struct {
	keyID string
	sign  httpsig.SignFunc // a closure, so that no printer finds the key
	life  time.Duration
	now   func() time.Time
	nonce func() (string, error)
	show  func(base string)
}

// NewSigner creates a Signer.
func NewSigner(config SignerConfig) (*Signer, error) {
	sign, err := httpsig.Signing(config.PrivateKey)
	if err := errors.Join(checkKeyID(config.KeyID), err, checkLifetime(config.Lifetime)); err != nil {
		return nil, err
	}
	signer := &Signer{
		keyID: config.KeyID,
		sign:  sign,
		life:  config.Lifetime,
		now:   config.Clock,
		nonce: config.Nonce,
		show:  config.SignatureBase,
	}
	if signer.life == 0 {
		signer.life = defaultSignatureLifetime
	}
	if signer.now == nil {
		signer.now = time.Now
	}
	if signer.nonce == nil {
		signer.nonce = randomSource{reader: rand.Reader}.nonce
	}
	return signer, nil
}

func checkKeyID(keyID string) error {
	if keyID == "" {
		return errors.New("KeyID is missing: set the ID under which Upvest has your public key")
	}
	for i, char := range []rune(keyID) {
		if !httpsig.IsQuotable(string(char)) {
			return fmt.Errorf("KeyID contains a character that a signature cannot carry, "+
				"character %d is %s: use printable ASCII without quotation mark and backslash",
				i+1, validate.Describe(char))
		}
	}
	return nil
}

func checkLifetime(life time.Duration) error {
	ok := life >= 0 && life%time.Second == 0
	return validate.Unless(ok, "signature lifetime: use whole seconds, at least one")
}

// Sign adds the digest of the body and the signature to a request whose other headers are
// final. It is a request editor.
//
// It reads the body into memory, and removes GetBody from the request: net/http would
// otherwise repeat a request with its old nonce if a kept-alive connection turns out to
// be dead.
func (s *Signer) Sign(ctx context.Context, req *http.Request) error {
	switch {
	case s == nil || s.sign == nil:
		return errors.New("sign the request: the signer is nil: create one with NewSigner")
	case ctx == nil:
		return fmt.Errorf("sign the request: %w", errNoContext)
	case req == nil || req.URL == nil:
		return errors.New("sign the request: it is nil or has no URL: use http.NewRequestWithContext")
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	return s.signAt(ctx, req, s.now())
}

// signAt signs with the caller's date, and covers some headers in addition to the
// documented ones.
func (s *Signer) signAt(ctx context.Context, req *http.Request, now time.Time, more ...string) error {
	if err := httpsig.DigestBody(req); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	nonce, err := s.nonce()
	if err != nil {
		return fmt.Errorf("sign the request: make a nonce: %w", err)
	}
	base, input := httpsig.Base(req, httpsig.Parameters{
		KeyID:   s.keyID,
		Nonce:   nonce,
		Created: now.Unix(),
		Expires: now.Unix() + int64(s.life/time.Second),
	}, more...)
	if s.show != nil {
		s.show(httpsig.Mask(base))
	}
	signed, err := s.sign(ctx, base)
	if err != nil {
		return fmt.Errorf("sign the request: %w", transport.Seal(err, transport.Echo{}))
	}
	preventReplay(req)
	req.Header["Upvest-Signature-Version"] = []string{"15"}
	req.Header["Signature-Input"] = []string{"sig1=" + input}
	req.Header["Signature"] = []string{"sig1=:" + base64.StdEncoding.EncodeToString(signed) + ":"}
	return nil
}

// preventReplay keeps net/http from sending a POST or PATCH without a body again, with
// its old nonce, when a kept-alive connection turns out to be dead: it only does so for
// requests whose body it can rewind.
func preventReplay(req *http.Request) {
	keyed := req.Method == http.MethodPost || req.Method == http.MethodPatch
	if keyed && (req.Body == nil || req.Body == http.NoBody) {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
}
