package wrapper

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// defaultSignatureLifetime is how long a signature may be used. Upvest documents no limit; its own code uses 5 to 60 seconds.
const defaultSignatureLifetime = 60 * time.Second

// Signer signs requests as Upvest's signature version 15 wants it: HTTP message signatures in the form of
// draft-ietf-httpbis-message-signatures-15. It is safe for concurrent use if its key is.
//
// Source: docs.upvest.co, "HTTP message signatures".
type Signer struct {
	keyID string
	sign  func(base []byte) ([]byte, error) // a closure, so that no verb of fmt can print the key
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
// crypto.Signer will do, so that the key can stay in a KMS or HSM.
func NewSigner(keyID string, key crypto.Signer, options ...SignerOption) (*Signer, error) {
	sign, err := signFunc(key)
	if err := errors.Join(checkKeyID(keyID), err); err != nil {
		return nil, err
	}
	s := &Signer{keyID: keyID, sign: sign, life: defaultSignatureLifetime, now: time.Now, nonce: randomSource{rand.Reader}.nonce}
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
	return orError(isQuotable(keyID), "KeyID holds a character that a signature cannot carry: use printable ASCII without quote and backslash")
}

func signFunc(key crypto.Signer) (func([]byte) ([]byte, error), error) {
	if !isComplete(key) {
		return nil, errors.New("PrivateKey is missing or incomplete: set an Ed25519 or ECDSA P-521 key, for instance from ParsePrivateKey")
	}
	switch key.Public().(type) {
	case ed25519.PublicKey:
		return func(base []byte) ([]byte, error) { return key.Sign(rand.Reader, base, crypto.Hash(0)) }, nil
	case *ecdsa.PublicKey:
		return func(base []byte) ([]byte, error) {
			digest := sha512.Sum512(base)
			return key.Sign(rand.Reader, digest[:], crypto.SHA512)
		}, nil
	case *rsa.PublicKey:
		return nil, errors.New("PrivateKey: an RSA key cannot sign for Upvest: use ECDSA on P-521 or Ed25519")
	}
	return nil, errors.New("PrivateKey: this kind of key cannot sign for Upvest: use ECDSA on P-521 or Ed25519")
}

// isComplete finds the keys that would panic when asked for their public half.
func isComplete(key crypto.Signer) bool {
	switch key := key.(type) {
	case nil:
		return false
	case ed25519.PrivateKey:
		return len(key) == ed25519.PrivateKeySize
	case *ed25519.PrivateKey:
		return key != nil && len(*key) == ed25519.PrivateKeySize
	case *ecdsa.PrivateKey:
		return key != nil && key.Curve != nil && key.X != nil
	case *rsa.PrivateKey:
		return key != nil
	}
	return true
}

// Sign adds the digest of the body and the signature to a request whose other headers are final. It is a request editor.
//
// The body is read into memory, and the request loses GetBody: net/http would otherwise repeat a request with a body and its old nonce
// when a kept-alive connection turns out to be dead.
func (s *Signer) Sign(_ context.Context, req *http.Request) error {
	if err := digestBody(req); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	nonce, err := s.nonce()
	if err != nil {
		return fmt.Errorf("sign the request: make a nonce: %w", err)
	}
	components := signatureComponents(req)
	created := s.now().Unix()
	params := fmt.Sprintf(`(%s);keyid="%s";created=%d;expires=%d;nonce="%s"`,
		strings.Join(quoted(components), " "), s.keyID, created, created+int64(s.life/time.Second), nonce)
	base := signatureBase(req, components, params)
	if s.debug != nil {
		s.debug(maskToken(base))
	}
	signature, err := s.sign([]byte(base))
	if err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	req.Header.Set("upvest-signature-version", "15")
	req.Header.Set("signature-input", "sig1="+params)
	req.Header.Set("signature", "sig1=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return nil
}

func digestBody(req *http.Request) error {
	req.GetBody = nil
	req.Header.Del("content-digest")
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if err := req.Body.Close(); err != nil {
		return fmt.Errorf("close the body: %w", err)
	}
	if len(body) == 0 {
		req.Body, req.ContentLength = http.NoBody, 0
		return nil
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	digest := sha512.Sum512(body)
	req.Header.Set("content-digest", "sha-512=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
	return nil
}
