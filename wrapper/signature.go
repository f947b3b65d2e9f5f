package wrapper

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
)

// defaultSignatureLifetime is how long a signature may be used. Upvest documents no limit; its own code uses 5 to 60 seconds.
const defaultSignatureLifetime = 60 * time.Second

// Signer signs requests as Upvest's signature version 15 wants it: HTTP message signatures in the form of
// draft-ietf-httpbis-message-signatures-15. It is safe for concurrent use if its key is.
//
// Source: docs.upvest.co, "HTTP message signatures".
type Signer struct {
	keyID string
	sign  httpsig.SignFunc // a closure, so that no verb of fmt can print the key
	life  time.Duration
	now   func() time.Time
	nonce func() (string, error)
	debug func(base string)
}

// SignerOption adjusts a [Signer].
type SignerOption func(*Signer) error

// WithSignatureClock replaces time.Now as the source of created and expires.
func WithSignatureClock(now func() time.Time) SignerOption {
	return func(s *Signer) error {
		if now == nil {
			return errors.New("signature clock: nil function")
		}
		s.now = now
		return nil
	}
}

// WithSignatureLifetime sets the time from created to expires, whole seconds; the default is 60 seconds.
func WithSignatureLifetime(life time.Duration) SignerOption {
	return func(s *Signer) error {
		if life < time.Second || life%time.Second != 0 {
			return errors.New("signature lifetime: use whole seconds, at least one")
		}
		s.life = life
		return nil
	}
}

// WithSignatureNonce replaces the random nonce. Each call has to return another printable ASCII text without quote and backslash.
func WithSignatureNonce(nonce func() (string, error)) SignerOption {
	return func(s *Signer) error {
		if nonce == nil {
			return errors.New("signature nonce: nil function")
		}
		s.nonce = nonce
		return nil
	}
}

// WithSignatureDebug hands out every signature base before it is signed, with the token masked, to compare with what a server expects.
func WithSignatureDebug(debug func(base string)) SignerOption {
	return func(s *Signer) error {
		s.debug = debug
		return nil
	}
}

// NewSigner makes a Signer. The key is Ed25519 or ECDSA on P-521; other curves work here but are not documented by Upvest. Any
// crypto.Signer will do, so that the key can stay in a KMS or HSM. One that has a method
//
//	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
//
// is asked by that, with the context of the attempt. Without it a call whose context ends leaves a signature that hangs; as at most eight
// are asked for at once, further calls then wait for one of those until their own contexts end.
func NewSigner(keyID string, key crypto.Signer, options ...SignerOption) (*Signer, error) {
	sign, err := httpsig.Signing(key)
	if err := errors.Join(checkKeyID(keyID), err); err != nil {
		return nil, err
	}
	s := &Signer{keyID: keyID, sign: sign, life: defaultSignatureLifetime, now: time.Now, nonce: randomSource{Reader: rand.Reader}.Nonce}
	for _, option := range options {
		if option == nil {
			return nil, errors.New("a signer option is nil")
		}
		if err := option(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func checkKeyID(keyID string) error {
	if keyID == "" {
		return errors.New("KeyID is missing: set the id under which Upvest knows your public key")
	}
	return orError(httpsig.IsQuotable(keyID), "KeyID holds a character that a signature cannot carry: use printable ASCII without quote and backslash")
}

// Sign adds the digest of the body and the signature to a request whose other headers are final. It is a request editor.
//
// The body is read into memory, and the request loses GetBody: net/http would otherwise repeat a request with a body and its old nonce
// when a kept-alive connection turns out to be dead.
func (s *Signer) Sign(ctx context.Context, req *http.Request) error {
	return s.signAt(ctx, req, s.now())
}

// signAt signs with a date of the caller's, and covers some headers beside the documented ones.
func (s *Signer) signAt(ctx context.Context, req *http.Request, now time.Time, more ...string) error {
	if err := httpsig.DigestBody(req); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	nonce, err := s.nonce()
	if err != nil {
		return fmt.Errorf("sign the request: make a nonce: %w", err)
	}
	created := now.Unix()
	base, input := httpsig.Base(req, httpsig.Parameters{
		KeyID: s.keyID, Nonce: nonce, Created: created, Expires: created + int64(s.life/time.Second),
	}, more...)
	if s.debug != nil {
		s.debug(httpsig.Mask(base))
	}
	signed, err := s.sign(ctx, base)
	if err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	req.Header["Upvest-Signature-Version"] = []string{"15"}
	req.Header["Signature-Input"] = []string{"sig1=" + input}
	req.Header["Signature"] = []string{"sig1=:" + base64.StdEncoding.EncodeToString(signed) + ":"}
	return nil
}
