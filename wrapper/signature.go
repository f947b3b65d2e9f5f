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
// limit; Upvest's own code uses 5 to 60 seconds.
const defaultSignatureLifetime = 60 * time.Second

// SignerConfig configures a [Signer].
type SignerConfig struct {
	// KeyID identifies the public key that Upvest received.
	KeyID string
	// PrivateKey is an Ed25519 key or an ECDSA key on P-521. Keys on other curves work
	// here, but Upvest does not document them. The key can be any crypto.Signer with such
	// a public key, so that it can stay in a KMS or HSM. If the key has the method
	//
	//	SignContext(ctx context.Context, rand io.Reader, digest []byte,
	//		opts crypto.SignerOpts) ([]byte, error)
	//
	// the Signer calls it with the context that Sign receives. Without this method, a
	// request to a key service that hangs continues after the context has ended. The
	// Signer therefore requests at most eight signatures from such a key at the same
	// time; further requests wait until one of these signatures is made or their own
	// contexts end. Requests with a context that never ends, such as
	// [context.Background], are not limited.
	//
	// ECDSA signatures are ASN.1, as crypto.Signer requires. If the key is not from the
	// standard library, the Signer verifies its signatures with the public key until one
	// is valid. If the verification fails, for instance because the signature is raw (r
	// and s side by side), Sign returns an error, and the request is not sent.
	PrivateKey crypto.Signer
	// Lifetime is the time from "created" to "expires", in whole seconds; 0 means 60
	// seconds.
	Lifetime time.Duration
	// Clock returns the time for "created" and "expires"; nil means time.Now.
	Clock func() time.Time
	// Nonce returns a new string at each call: printable ASCII without quotation marks
	// and backslashes; nil means 144 random bits.
	Nonce func() (string, error)
	// SignatureBase receives the base of every signature before the base is signed, with
	// the token masked, so that the base can be compared with the base that a server
	// expects. SignatureBase may be nil.
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
// safe for concurrent use if its key and the functions of its configuration are.
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
// Sign reads the body into memory, and removes GetBody from the request, because net/http
// would otherwise repeat a request with its old nonce if a kept-alive connection turns
// out to be dead.
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

// signAt signs a request, with now as the date of the signature. The signature covers the
// documented components and the headers named in `more`, as far as the request has them.
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

// preventReplay gives a POST or PATCH without a body an empty body that net/http cannot
// rewind. net/http would otherwise send the request again, with its old nonce, when a
// kept-alive connection turns out to be dead.
func preventReplay(req *http.Request) {
	keyed := req.Method == http.MethodPost || req.Method == http.MethodPatch
	if keyed && (req.Body == nil || req.Body == http.NoBody) {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
}
