package wrapper_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The documented example of a signed request, without its authorization line masked.
const documentedBase = `"@method": POST
"@path": /endpoint
"@query": ?a=b
"accept": application/json
"authorization": Bearer access-token
"content-length": 16
"content-type": application/json
"content-digest": sha-512=:Hd9/AvGZkbjitW1+Ml8Fg1ux1mtcDYe6mLQjDyoowIWa3LM/PmwN2v9O+MjtQGrCA3EQWUL54dlgxKHyYbrucw==:
"idempotency-key": 2133825797664cad
"upvest-client-id": 5ec16164-6173-461d-b90d-116d68f55b40
"@signature-params": ("@method" "@path" "@query" "accept" "authorization" "content-length" "content-type" "content-digest" ` +
	`"idempotency-key" "upvest-client-id");keyid="8d4997a8-cf7a-4e51-adbb-401656a3e5c2";` +
	`created=1633529659;expires=1633529664;nonce="o085M4cMgpbicuOL"`

// testKey is the public Ed25519 test key of RFC 9421, B.1.4.
func testKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(ed25519.PrivateKey)
}

// documentedSigner signs with the documented parameters, and shows the base to a function unless that is nil.
func documentedSigner(t *testing.T, key crypto.Signer, show func(base string)) *upvest.Signer {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:         "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:    key,
		Lifetime:      5 * time.Second,
		Clock:         func() time.Time { return time.Unix(1633529659, 0) },
		Nonce:         func() (string, error) { return "o085M4cMgpbicuOL", nil },
		SignatureBase: show,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func documentedRequest(t *testing.T) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://api.upvest.co/endpoint?a=b", strings.NewReader(`{"key": "value"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("accept", "application/json")
	req.Header.Set("authorization", "Bearer access-token")
	req.Header.Set("content-type", "application/json")
	req.Header.Set("idempotency-key", "2133825797664cad")
	req.Header.Set("upvest-client-id", "5ec16164-6173-461d-b90d-116d68f55b40")
	req.Header.Set("user-agent", "never covered")
	req.Header.Set("x-trace", "never covered")
	return req
}

func TestSignatureVector(t *testing.T) {
	const (
		wantBaseDigest = "238c3fe97248cbd7573540338520e4079e8b9a983335f0cb3915345ce0b0ffdb"
		wantSignature  = "sig1=:ENVP0syDDL1Z88+KTPrECEc1YmhojlBEDeTlZHnfKjMqkGxQ6kY3S76K2VD+A8dEg+z35t/MyKsfUT2VOVrsDQ==:"
	)
	if digest := sha256.Sum256([]byte(documentedBase)); len(documentedBase) != 646 || hex.EncodeToString(digest[:]) != wantBaseDigest {
		t.Fatalf("the base in this test is not the documented one: %d bytes, SHA-256 %x", len(documentedBase), digest)
	}
	var base string
	signer := documentedSigner(t, testKey(t), func(text string) { base = text })
	req := documentedRequest(t)
	if err := upvest.SignatureEditor(signer)(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := req.Header.Get("signature"); got != wantSignature {
		t.Errorf("signature is\n%s, want\n%s", got, wantSignature)
	}
	if got := req.Header.Get("upvest-signature-version"); got != "15" {
		t.Errorf("upvest-signature-version is %q, want 15", got)
	}
	_, params, _ := strings.Cut(documentedBase, `"@signature-params": `)
	if got := req.Header.Get("signature-input"); got != "sig1="+params {
		t.Errorf("signature-input is\n%s, want\nsig1=%s", got, params)
	}
	if want := strings.Replace(documentedBase, "Bearer access-token", "(hidden)", 1); base != want {
		t.Errorf("the debug base is\n%s\nwant\n%s", base, want)
	}
	if body, err := io.ReadAll(req.Body); err != nil || string(body) != `{"key": "value"}` {
		t.Errorf("the body became %q, %v", body, err)
	}
	if req.GetBody != nil {
		t.Error("GetBody is still there: net/http may repeat the request with the same nonce")
	}
}

func TestSignatureDigest(t *testing.T) {
	for body, want := range map[string]string{
		`{"hello": "world"}`: "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
		`{"key": "value"}`:   "sha-512=:Hd9/AvGZkbjitW1+Ml8Fg1ux1mtcDYe6mLQjDyoowIWa3LM/PmwN2v9O+MjtQGrCA3EQWUL54dlgxKHyYbrucw==:",
	} {
		req := documentedRequest(t)
		req.Body = io.NopCloser(strings.NewReader(body))
		if err := documentedSigner(t, testKey(t), nil).Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if got := req.Header.Get("content-digest"); got != want {
			t.Errorf("the digest of %s is\n%s, want\n%s", body, got, want)
		}
	}
}

func TestSignatureComponents(t *testing.T) {
	for _, test := range []struct {
		name, method, url string
		want              []string
	}{
		{
			name: "no query and no body", method: http.MethodGet, url: "https://api.upvest.co/portfolios/orders",
			want: []string{`"@method": GET`, `"@path": /portfolios/orders`, `"accept": application/json`},
		},
		{
			name:   "an empty path",
			method: http.MethodGet,
			url:    "https://api.upvest.co",
			want:   []string{`"@path": /`},
		},
		{
			name:   "an escaped path",
			method: http.MethodGet,
			url:    "https://api.upvest.co/a%2Fb%20c",
			want:   []string{`"@path": /a%2Fb%20c`},
		},
		{
			name:   "a query as sent",
			method: http.MethodGet,
			url:    "https://api.upvest.co/a?b=%2c&a=1,2",
			want:   []string{`"@query": ?b=%2c&a=1,2`},
		},
		{
			name:   "an empty query",
			method: http.MethodGet,
			url:    "https://api.upvest.co/a?",
			want:   []string{`"@query": ?`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var base string
			signer := documentedSigner(t, testKey(t), func(text string) { base = text })
			req, err := http.NewRequest(test.method, test.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("accept", "application/json")
			if err := signer.Sign(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			for _, line := range test.want {
				if !strings.Contains("\n"+base+"\n", "\n"+line+"\n") {
					t.Errorf("the base has no line %q:\n%s", line, base)
				}
			}
			for _, absent := range []string{"content-", "authorization", "idempotency-key"} {
				if strings.Contains(base, absent) {
					t.Errorf("the base covers %s, which the request does not have:\n%s", absent, base)
				}
			}
			if !strings.Contains(test.url, "?") && strings.Contains(base, "@query") {
				t.Errorf("the base covers a query that is not there:\n%s", base)
			}
		})
	}
}

func TestSignatureOfECDSAIsDER(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	req := documentedRequest(t)
	if err := documentedSigner(t, key, nil).Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	encoded := strings.TrimSuffix(strings.TrimPrefix(req.Header.Get("signature"), "sig1=:"), ":")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512([]byte(documentedBase))
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
		t.Error("the signature is not ASN.1 DER over SHA-512 of the base")
	}
}

func TestSignatureIsFresh(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 3 {
		req := documentedRequest(t)
		if err := signer.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		seen[req.Header.Get("signature-input")] = true
	}
	if len(seen) != 3 {
		t.Errorf("3 requests have %d different nonces", len(seen))
	}
}

// remoteKey stands for a key in a KMS or HSM, of which only the public half is here.
type remoteKey struct {
	public crypto.PublicKey
	crypto.Signer
}

func (k remoteKey) Public() crypto.PublicKey { return k.public }

func TestNewSignerRefuses(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		keyID string
		key   crypto.Signer
		want  string
	}{
		{name: "an RSA key", keyID: "key", key: rsaKey, want: "ECDSA on P-521 or Ed25519"},
		{
			name:  "an unknown key",
			keyID: "key",
			key:   remoteKey{public: "other"},
			want:  "ECDSA on P-521 or Ed25519",
		},
		{name: "no key", keyID: "key", want: "PrivateKey is missing"},
		{name: "no key id", key: testKey(t), want: "KeyID is missing"},
		{name: "a key id with a quote", keyID: `a"b`, key: testKey(t), want: "KeyID contains a character"},
		{name: "a key id with a line break", keyID: "a\nb", key: testKey(t), want: "KeyID contains a character"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := upvest.NewSigner(upvest.SignerConfig{KeyID: test.keyID, PrivateKey: test.key})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestSignReportsAFailingBody(t *testing.T) {
	req := documentedRequest(t)
	req.Body = io.NopCloser(failingReader{})
	if err := documentedSigner(t, testKey(t), nil).Sign(context.Background(), req); err == nil || !strings.Contains(err.Error(), "read the body") {
		t.Errorf("got %v, want an error about reading the body", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSignAnEmptyBodyAsNone(t *testing.T) {
	var base string
	signer := documentedSigner(t, testKey(t), func(text string) { base = text })
	req := documentedRequest(t)
	req.Body = io.NopCloser(strings.NewReader(""))
	req.ContentLength = -1
	req.Header.Del("content-type")
	req.Header.Set("content-digest", "sha-512=:of another body:")
	if err := signer.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(base, "content-") || req.Header.Get("content-digest") != "" || req.ContentLength != 0 {
		t.Errorf("a body without bytes is signed as one, with length %d:\n%s", req.ContentLength, base)
	}
}
