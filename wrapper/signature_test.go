package wrapper_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// documentedDigest is the SHA-512 digest of the body {"key": "value"}.
const documentedDigest = "Hd9/AvGZkbjitW1+Ml8Fg1ux1mtcDYe6mLQjDyoowIWa" +
	"3LM/PmwN2v9O+MjtQGrCA3EQWUL54dlgxKHyYbrucw=="

// documentedBase is the signature base of the signed request in the documented example.
const documentedBase = `"@method": POST
"@path": /endpoint
"@query": ?a=b
"accept": application/json
"authorization": Bearer access-token
"content-length": 16
"content-type": application/json
"content-digest": sha-512=:` + documentedDigest + `:
"idempotency-key": 2133825797664cad
"upvest-client-id": 5ec16164-6173-461d-b90d-116d68f55b40
"@signature-params": ("@method" "@path" "@query" "accept" "authorization" "content-length" ` +
	`"content-type" "content-digest" "idempotency-key" "upvest-client-id");` +
	`keyid="8d4997a8-cf7a-4e51-adbb-401656a3e5c2";` +
	`created=1633529659;expires=1633529664;nonce="o085M4cMgpbicuOL"`

// documentedSigner returns a signer with the parameters of the documented example. The
// signer stores each signature base in the variable to which base points.
func documentedSigner(t *testing.T, key crypto.Signer, base *string) *upvest.Signer {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:         "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:    key,
		Lifetime:      5 * time.Second,
		Clock:         func() time.Time { return time.Unix(1633529659, 0) },
		Nonce:         func() (string, error) { return "o085M4cMgpbicuOL", nil },
		SignatureBase: func(text string) { *base = text },
	})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// documentedRequest returns the request of the documented example, with additional
// headers that the signature does not cover.
func documentedRequest(t *testing.T) *http.Request {
	t.Helper()
	body := strings.NewReader(`{"key": "value"}`)
	const url = "https://api.upvest.co/endpoint?a=b"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
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

// sign signs a request with [documentedSigner] and returns the signature base.
func sign(t *testing.T, key crypto.Signer, req *http.Request) string {
	t.Helper()
	var base string
	if err := documentedSigner(t, key, &base).Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return base
}

func TestSignatureOfTheDocumentedExample(t *testing.T) {
	const (
		wantBaseDigest = "238c3fe97248cbd7573540338520e4079e8b9a983335f0cb3915345ce0b0ffdb"
		wantSignature  = "ENVP0syDDL1Z88+KTPrECEc1YmhojlBEDeTlZHnfKjMq" +
			"kGxQ6kY3S76K2VD+A8dEg+z35t/MyKsfUT2VOVrsDQ=="
	)
	digest := sha256.Sum256([]byte(documentedBase))
	if len(documentedBase) != 646 || hex.EncodeToString(digest[:]) != wantBaseDigest {
		t.Fatalf("documentedBase has %d bytes and the SHA-256 %x, want the documented 646 bytes and %s",
			len(documentedBase), digest, wantBaseDigest)
	}
	var base string
	req := documentedRequest(t)
	editor := upvest.SignatureEditor(documentedSigner(t, testKey(t), &base))
	if err := editor(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	_, parameters, _ := strings.Cut(documentedBase, `"@signature-params": `)
	for name, want := range map[string]string{
		"signature":                "sig1=:" + wantSignature + ":",
		"signature-input":          "sig1=" + parameters,
		"upvest-signature-version": "15",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("the header %s is\n%s\nwant\n%s", name, got, want)
		}
	}
	if want := strings.Replace(documentedBase, "Bearer access-token", "(hidden)", 1); base != want {
		t.Errorf("SignerConfig.SignatureBase received\n%s\nwant\n%s", base, want)
	}
	if body, err := io.ReadAll(req.Body); err != nil || string(body) != `{"key": "value"}` {
		t.Errorf("after signing, got the body %q and the error %v, want the body unchanged", body, err)
	}
	if req.GetBody != nil {
		t.Error("the signed request has GetBody, want none, because net/http could use it " +
			"to send the request again with the same nonce")
	}
}

func TestSignatureDigest(t *testing.T) {
	for body, want := range map[string]string{
		`{"key": "value"}`: documentedDigest,
		`{"hello": "world"}`: "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX" +
			"+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==",
	} {
		req := documentedRequest(t)
		req.Body = io.NopCloser(strings.NewReader(body))
		sign(t, testKey(t), req)
		if got := req.Header.Get("content-digest"); got != "sha-512=:"+want+":" {
			t.Errorf("the content-digest of the body %s is\n%s\nwant\nsha-512=:%s:", body, got, want)
		}
	}
}

func TestSignatureComponents(t *testing.T) {
	for name, test := range map[string]struct {
		url  string
		want []string
	}{
		"no query and no body": {
			url:  "https://api.upvest.co/portfolios/orders",
			want: []string{`"@method": GET`, `"@path": /portfolios/orders`, `"accept": application/json`},
		},
		"an empty path":   {url: "https://api.upvest.co", want: []string{`"@path": /`}},
		"an escaped path": {url: "https://api.upvest.co/a%2Fb%20c", want: []string{`"@path": /a%2Fb%20c`}},
		"a query as sent": {
			url:  "https://api.upvest.co/a?b=%2c&a=1,2",
			want: []string{`"@query": ?b=%2c&a=1,2`},
		},
		"an empty query": {url: "https://api.upvest.co/a?", want: []string{`"@query": ?`}},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("accept", "application/json")
			base := sign(t, testKey(t), req)
			for _, line := range test.want {
				if !strings.Contains("\n"+base+"\n", "\n"+line+"\n") {
					t.Errorf("the signature base has no line %q:\n%s", line, base)
				}
			}
			for _, absent := range []string{"content-", "authorization", "idempotency-key"} {
				if strings.Contains(base, absent) {
					t.Errorf("the signature base contains %q, which the request does not have:\n%s",
						absent, base)
				}
			}
			if !strings.Contains(test.url, "?") && strings.Contains(base, "@query") {
				t.Errorf("the signature base contains @query, but the URL has no query:\n%s", base)
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
	sign(t, key, req)
	encoded := strings.TrimSuffix(strings.TrimPrefix(req.Header.Get("signature"), "sig1=:"), ":")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512([]byte(documentedBase))
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
		t.Errorf("the signature is %x, want valid ASN.1 DER over the SHA-512 digest of the base", signature)
	}
}

func TestSignaturesHaveDifferentNonces(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	nonces := map[string]bool{}
	for range 3 {
		req := documentedRequest(t)
		if err := signer.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		nonces[signatureOf(t, req).nonce] = true
	}
	if len(nonces) != 3 {
		t.Errorf("got %d different nonces in 3 requests, want 3", len(nonces))
	}
}

// unknownKey is a private key whose public key has an unknown type.
type unknownKey struct{ crypto.Signer }

func (unknownKey) Public() crypto.PublicKey { return "unknown" }

func TestNewSignerRefusesInvalidKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		keyID string
		key   crypto.Signer
		want  string
	}{
		"an RSA key":                 {keyID: "key", key: rsaKey, want: "ECDSA on P-521 or Ed25519"},
		"a key of an unknown type":   {keyID: "key", key: unknownKey{}, want: "ECDSA on P-521 or Ed25519"},
		"no private key":             {keyID: "key", want: "PrivateKey is missing"},
		"no key ID":                  {key: testKey(t), want: "KeyID is missing"},
		"a key ID with a quote":      {keyID: `a"b`, key: testKey(t), want: "KeyID contains a character"},
		"a key ID with a line break": {keyID: "a\nb", key: testKey(t), want: "KeyID contains a character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upvest.NewSigner(upvest.SignerConfig{KeyID: test.keyID, PrivateKey: test.key})
			requireText(t, err, test.want)
		})
	}
}

func TestNewSignerRefusesInvalidLifetimes(t *testing.T) {
	for _, lifetime := range []time.Duration{1500 * time.Millisecond, time.Millisecond, -time.Second} {
		config := upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t), Lifetime: lifetime}
		_, err := upvest.NewSigner(config)
		requireText(t, err, "signature lifetime: use whole seconds, at least one")
	}
}

func TestSignerConfigPrintsNoKey(t *testing.T) {
	config := upvest.SignerConfig{KeyID: "key-7", PrivateKey: testKey(t), Lifetime: time.Second}
	const want = "{KeyID:key-7 PrivateKey:(hidden) Lifetime:1s}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, config); text != want {
			t.Errorf("%s prints %s, want %s", verb, text, want)
		}
	}
}

func TestSignReportsABodyThatCannotBeRead(t *testing.T) {
	req := documentedRequest(t)
	req.Body = brokenBody("")
	var base string
	err := documentedSigner(t, testKey(t), &base).Sign(t.Context(), req)
	requireText(t, err, "read the body")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got the error %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestAnEmptyBodyIsSignedLikeNoBody(t *testing.T) {
	req := documentedRequest(t)
	req.Body = io.NopCloser(strings.NewReader(""))
	req.ContentLength = -1
	req.Header.Del("content-type")
	req.Header.Set("content-digest", "sha-512=:of another body:")
	base := sign(t, testKey(t), req)
	digest := req.Header.Get("content-digest")
	if strings.Contains(base, "content-") || digest != "" || req.ContentLength != 0 {
		t.Errorf("got the digest %q and the length %d for an empty body, want no digest and 0:\n%s",
			digest, req.ContentLength, base)
	}
}
