package wrapper_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Secrets and contents that must never appear in errors, logs and printed values.
const (
	tokenCanary  = "ory_at_CANARY-TOKEN"
	bodyCanary   = "CANARY-BODY"
	secretCanary = "CANARY-SECRET"
)

// secretsOf returns the forms in which a secret and a key may appear in output.
func secretsOf(secret string, key ed25519.PrivateKey) []string {
	secrets := []string{secret, hex.EncodeToString([]byte(secret))}
	for _, raw := range [][]byte{key, key.Seed()} {
		secrets = append(secrets,
			string(raw),
			hex.EncodeToString(raw),
			base64.StdEncoding.EncodeToString(raw),
			strings.Trim(fmt.Sprintf("%d", raw), "[]"),
			strings.Trim(fmt.Sprintf("%#v", raw), "[]byte{}"),
			fmt.Sprintf("%q", raw))
	}
	return secrets
}

// findSecret returns the first secret that a string contains. It ignores case.
func findSecret(text string, secrets []string) (string, bool) {
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			return secret, true
		}
	}
	return "", false
}

func requireNoSecret(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	if secret, found := findSecret(text, secrets); found {
		t.Errorf("%s contains the secret %q: %s", what, secret, text)
	}
}

// leakSearch collects what a client logs and passes to hooks while its calls fail.
type leakSearch struct {
	credentials upvest.Credentials
	client      *upvest.Client
	source      *upvest.TokenSource
	signer      *upvest.Signer
	key         uuid.UUID // idempotency key

	mu         sync.Mutex
	textLog    bytes.Buffer
	jsonLog    bytes.Buffer
	bases      []string
	attempts   []upvest.Attempt
	signatures []string
}

func newLeakSearch(
	t *testing.T, credentials upvest.Credentials, transport http.RoundTripper, options ...upvest.ClientOption,
) *leakSearch {
	t.Helper()
	credentials.ClientSecret = secretCanary
	s := &leakSearch{
		credentials: credentials,
		key:         uuid.MustParse("9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c"),
	}
	options = append(s.observers(transport), options...)
	client, err := upvest.New(credentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	source, err := upvest.NewTokenSource(credentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:      credentials.KeyID,
		PrivateKey: credentials.PrivateKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	s.source = source
	s.signer = signer
	return s
}

// observers returns options that record the logs, attempts, signature bases and
// signatures of a client.
func (s *leakSearch) observers(transport http.RoundTripper) []upvest.ClientOption {
	logOptions := &slog.HandlerOptions{Level: slog.LevelDebug}
	textLog := slog.NewTextHandler(lockedWriter{mu: &s.mu, Writer: &s.textLog}, logOptions)
	jsonLog := slog.NewJSONHandler(lockedWriter{mu: &s.mu, Writer: &s.jsonLog}, logOptions)
	recording := roundTrip(func(req *http.Request) (*http.Response, error) {
		s.recordSignature(req)
		return transport.RoundTrip(req)
	})
	return []upvest.ClientOption{
		upvest.WithHTTPClient(&http.Client{Transport: recording}),
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}),
		upvest.WithLogger(slog.New(textLog)),
		upvest.WithLogger(slog.New(jsonLog)),
		upvest.WithAttemptHook(func(_ context.Context, attempt upvest.Attempt) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.attempts = append(s.attempts, attempt)
		}),
		upvest.WithSignatureBase(func(base string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.bases = append(s.bases, base)
		}),
	}
}

func (s *leakSearch) recordSignature(req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	signature := strings.TrimSuffix(strings.TrimPrefix(req.Header.Get("Signature"), "sig1=:"), ":")
	s.signatures = append(s.signatures, signature)
}

// lockedWriter serializes writes, because the goroutines of a token request and of a call
// may log at the same time.
type lockedWriter struct {
	mu *sync.Mutex
	io.Writer
}

func (w lockedWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Writer.Write(text)
}

// fail makes a call that must fail, and requests a token. It searches the errors, the
// logs and the attempts of the call and the token request for secrets.
func (s *leakSearch) fail(ctx context.Context, t *testing.T) {
	t.Helper()
	err := createOrder(ctx, s.client, upvest.WithIdempotencyKey(s.key))
	if _, tokenErr := s.source.TokenContext(ctx); tokenErr != nil {
		s.requireNoLeak(ctx, t, tokenErr)
	}
	s.requireNoLeak(ctx, t, err)
}

func (s *leakSearch) requireNoLeak(ctx context.Context, t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("the call succeeded, want a failure")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.attempts) == 0 || s.textLog.Len() == 0 || s.jsonLog.Len() == 0 {
		t.Errorf("got %d attempts, the text log %q and the JSON log %q, want none of them empty",
			len(s.attempts), s.textLog.String(), s.jsonLog.String())
	}
	secrets := append(secretsOf(secretCanary, testKey(t)), s.signatures...)
	secrets = append(secrets, tokenCanary, bodyCanary, s.key.String(), hex.EncodeToString(s.key[:]))
	kept := append(secretsOf(secretCanary, testKey(t)), s.signatures...)
	kept = append(kept, tokenCanary)
	for what, value := range s.shown(err) {
		for format, text := range everyFormat(ctx, value) {
			requireNoSecret(t, "the "+what+" formatted by "+format, text, secrets)
		}
		if what != "credentials" { // the credentials hold the caller's secrets
			requireNoSecret(t, "the "+what+" read by reflection", byReflection(value), kept)
		}
	}
	requireNoSecret(t, "the text log", s.textLog.String(), secrets)
	requireNoSecret(t, "the JSON log", s.jsonLog.String(), secrets)
	for _, base := range s.bases {
		// The signature base is for debugging, so it may contain the idempotency key.
		base = strings.ReplaceAll(base, s.key.String(), "")
		requireNoSecret(t, "the signature base", base, secrets)
	}
}

// shown returns the values that a program may print after a failure.
func (s *leakSearch) shown(err error) map[string]any {
	shown := map[string]any{
		"error":             err,
		"wrapped error":     fmt.Errorf("place the order: %w", err),
		"error in a struct": struct{ Err error }{err},
		"client":            s.client,
		"services":          *s.client.Orders,
		"token source":      s.source,
		"signer":            s.signer,
		"credentials":       s.credentials,
		"attempts":          s.attempts,
	}
	if own, ok := s.client.TokenSource().(*upvest.TokenSource); ok {
		shown["token source of the client"] = own
	}
	if failure, ok := errors.AsType[*upvest.Error](err); ok {
		shown["error value"] = *failure
		if cause := failure.Unwrap(); cause != nil {
			shown["cause"] = cause
		}
	}
	return shown
}
