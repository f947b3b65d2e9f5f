package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// serviceKey stands for a private key that a key service keeps. The function sign takes
// the place of the service.
type serviceKey struct {
	public crypto.PublicKey
	sign   func(digest []byte) ([]byte, error)
}

func (k serviceKey) Public() crypto.PublicKey { return k.public }

func (k serviceKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(digest)
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rawSignature returns a signature in the format of JWS: r and s, one after the other.
func rawSignature(key *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return nil, err
	}
	size := (key.Params().BitSize + 7) / 8
	signature := make([]byte, 2*size)
	r.FillBytes(signature[:size])
	s.FillBytes(signature[size:])
	return signature, nil
}

// The client detects an invalid signature from a key service before sending anything.
func TestSignaturesOfAKeyServiceAreVerified(t *testing.T) {
	p521 := newECDSA(t, elliptic.P521())
	p256 := newECDSA(t, elliptic.P256())
	other := newECDSA(t, elliptic.P521())
	edKey := testKey(t)
	const mismatch = "PrivateKey: its signature does not match its public key"
	const raw = "PrivateKey: it returns raw signatures, r and s side by side"
	for name, test := range map[string]struct {
		public crypto.PublicKey
		sign   func(digest []byte) ([]byte, error)
		want   string
	}{
		"a raw signature, P-521": {
			public: p521.Public(),
			sign:   func(digest []byte) ([]byte, error) { return rawSignature(p521, digest) },
			want:   raw,
		},
		"a raw signature, P-256": {
			public: p256.Public(),
			sign:   func(digest []byte) ([]byte, error) { return rawSignature(p256, digest) },
			want:   raw,
		},
		"a signature of the hash of the digest": {
			public: p521.Public(),
			sign: func(digest []byte) ([]byte, error) {
				again := sha512.Sum512(digest)
				return ecdsa.SignASN1(rand.Reader, p521, again[:])
			},
			want: "PrivateKey: it hashes the digest that it receives",
		},
		"a signature by a different key, ECDSA": {
			public: p521.Public(),
			sign:   func(digest []byte) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, other, digest) },
			want:   mismatch,
		},
		"a raw signature by a different key": {
			public: p521.Public(),
			sign:   func(digest []byte) ([]byte, error) { return rawSignature(other, digest) },
			want:   mismatch,
		},
		"an empty signature, ECDSA": {
			public: p521.Public(),
			sign:   func([]byte) ([]byte, error) { return nil, nil },
			want:   mismatch,
		},
		"an empty signature, Ed25519": {
			public: edKey.Public(),
			sign:   func([]byte) ([]byte, error) { return nil, nil },
			want:   mismatch,
		},
		"an Ed25519 signature of the digest": {
			public: edKey.Public(),
			sign: func(message []byte) ([]byte, error) {
				digest := sha512.Sum512(message)
				return ed25519.Sign(edKey, digest[:]), nil
			},
			want: mismatch,
		},
	} {
		t.Run(name, func(t *testing.T) {
			// After a failed token request, the client waits for a second before the next
			// token request.
			synctest.Test(t, func(t *testing.T) {
				credentials := testCredentials(t)
				credentials.PrivateKey = serviceKey{public: test.public, sign: test.sign}
				transport := roundTrip(func(*http.Request) (*http.Response, error) {
					t.Error("a request was sent, want none")
					return newResponse(http.StatusOK, "application/json", "{}"), nil
				})
				client := newClientWith(t, credentials, transport)
				for range 2 {
					err := createOrder(t.Context(), client)
					requireText(t, err, "sign the request: "+test.want)
					if got := asError(t, err).Outcome; got != upvest.OutcomeRefused {
						t.Errorf("the outcome is %s, want %s", got, upvest.OutcomeRefused)
					}
				}
			})
		})
	}
}

// The client verifies only the first signature that a key service returns, because
// verifying every signature would double the work for each request.
func TestOnlyTheFirstSignatureOfAKeyServiceIsVerified(t *testing.T) {
	key := testKey(t)
	signed := 0
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID: "key",
		PrivateKey: serviceKey{public: key.Public(), sign: func(message []byte) ([]byte, error) {
			signed++
			switch signed {
			case 1:
				return nil, io.ErrUnexpectedEOF
			case 3:
				return []byte("not verified"), nil
			}
			return ed25519.Sign(key, message), nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for call, fails := range []bool{true, false, false} {
		err := signer.Sign(context.Background(), documentedRequest(t))
		if (err != nil) != fails {
			t.Errorf("signature %d: got the error %v, want an error for the first signature only",
				call+1, err)
		}
	}
}

func TestNewSignerRefusesIncompleteKeys(t *testing.T) {
	var noKey *ecdsa.PrivateKey
	var noService *serviceKey
	var noPublic *ecdsa.PublicKey
	noPoint := &ecdsa.PublicKey{Curve: elliptic.P521()}
	const public = "the public key that its method Public returns is missing or incomplete"
	for name, test := range map[string]struct {
		key  crypto.Signer
		want string
	}{
		"nil ECDSA key":              {key: noKey, want: "PrivateKey is missing"},
		"nil key of a key service":   {key: noService, want: "PrivateKey is missing"},
		"no public key":              {key: serviceKey{}, want: "a key of this kind"},
		"nil public key":             {key: serviceKey{public: noPublic}, want: public},
		"empty public key":           {key: serviceKey{public: &ecdsa.PublicKey{}}, want: public},
		"public key without a point": {key: serviceKey{public: noPoint}, want: public},
		"short public key":           {key: serviceKey{public: ed25519.PublicKey("short")}, want: public},
		"empty Ed25519 key":          {key: ed25519.PrivateKey{}, want: "PrivateKey is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: test.key})
			requireText(t, err, test.want)
		})
	}
}
