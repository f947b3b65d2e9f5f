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
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// secretsOf are the forms in which a secret and a key could show up in a text.
func secretsOf(secret string, key ed25519.PrivateKey) []string {
	secrets := []string{secret, hex.EncodeToString([]byte(secret))}
	for _, raw := range [][]byte{key, key.Seed()} {
		secrets = append(secrets, string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
			strings.Trim(fmt.Sprint(raw), "[]"), strings.Trim(fmt.Sprintf("%#v", raw), "[]byte{}"), fmt.Sprintf("%q", raw))
	}
	return secrets
}

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
		t.Errorf("%s shows %q: %s", what, secret, text)
	}
}

// The scan would be worth nothing if it did not see what it looks for.
func TestSecretsAreFoundIfTheyAreThere(t *testing.T) {
	key := testKey(t)
	type revealing struct {
		Secret string
		Key    ed25519.PrivateKey
	}
	for _, leak := range []any{
		revealing{Secret: "test-secret"},
		&revealing{Secret: "test-secret"},
		revealing{Key: key},
		revealing{Key: ed25519.PrivateKey(key.Seed())},
	} {
		for format, text := range everyFormat(leak) {
			if _, found := findSecret(text, secretsOf("test-secret", key)); !found {
				t.Errorf("the scan does not see the secret in %s: %s", format, text)
			}
		}
	}
}

const (
	tokenCanary  = "ory_at_CANARY-TOKEN"
	bodyCanary   = "CANARY-BODY"
	secretCanary = "CANARY-SECRET"
)

// leakSearch collects what a client shows of itself while it fails.
type leakSearch struct {
	credentials upvest.Credentials
	client      *upvest.Client
	source      *upvest.TokenSource
	signer      *upvest.Signer
	key         uuid.UUID

	mu         sync.Mutex
	text, json bytes.Buffer
	bases      []string
	attempts   []upvest.Attempt
	signatures []string
}

// lockedWriter lets the goroutine that fetches a token log beside that of the call.
type lockedWriter struct {
	mu *sync.Mutex
	io.Writer
}

func (w lockedWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Writer.Write(text)
}

func newLeakSearch(t *testing.T, baseURL string, transport http.RoundTripper, options ...upvest.ClientOption) *leakSearch {
	t.Helper()
	s := &leakSearch{credentials: testCredentials(t), key: uuid.MustParse("9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c")}
	s.credentials.ClientSecret = secretCanary
	if baseURL != "" {
		s.credentials.BaseURL = baseURL
	}
	logTo := func(w io.Writer, handler func(io.Writer, *slog.HandlerOptions) slog.Handler) upvest.ClientOption {
		return upvest.WithLogger(slog.New(handler(lockedWriter{mu: &s.mu, Writer: w}, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	options = append([]upvest.ClientOption{
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}),
		logTo(&s.text, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
		logTo(&s.json, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }),
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
		upvest.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			s.mu.Lock()
			s.signatures = append(s.signatures, strings.TrimSuffix(strings.TrimPrefix(req.Header.Get("Signature"), "sig1=:"), ":"))
			s.mu.Unlock()
			return transport.RoundTrip(req)
		})}),
	}, options...)
	var err error
	if s.client, err = upvest.New(s.credentials, options...); err != nil {
		t.Fatal(err)
	}
	if s.source, err = upvest.NewTokenSource(s.credentials, options...); err != nil {
		t.Fatal(err)
	}
	if s.signer, err = upvest.NewSigner(upvest.SignerConfig{
		KeyID: s.credentials.KeyID, PrivateKey: s.credentials.PrivateKey,
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// requireNothingShown looks into all that came of a failure.
func (s *leakSearch) requireNothingShown(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("the call did not fail")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	secrets := append(secretsOf(secretCanary, testKey(t)), tokenCanary, bodyCanary, s.key.String(), hex.EncodeToString(s.key[:]))
	secrets = append(secrets, s.signatures...)
	if len(s.attempts) == 0 || s.text.Len() == 0 || s.json.Len() == 0 {
		t.Errorf("nothing was observed: %d attempts, log %q", len(s.attempts), s.text.String())
	}
	shown := map[string]any{
		"error": err, "wrapped error": fmt.Errorf("place the order: %w", err),
		"error in a struct": struct{ Err error }{err},
		"client":            s.client, "services": *s.client.Orders, "token source": s.source,
		"signer": s.signer, "credentials": s.credentials, "attempts": s.attempts,
	}
	if own, isOurs := s.client.TokenSource().(*upvest.TokenSource); isOurs {
		shown["own token source"] = own
	}
	var failure *upvest.Error
	if errors.As(err, &failure) {
		shown["error value"] = *failure
		if cause := failure.Unwrap(); cause != nil {
			shown["cause"] = cause
		}
	}
	for what, value := range shown {
		for format, text := range everyFormat(value) {
			requireNoSecret(t, what+" by "+format, text, secrets)
		}
	}
	requireNoSecret(t, "the text log", s.text.String(), secrets)
	requireNoSecret(t, "the JSON log", s.json.String(), secrets)
	for _, base := range s.bases {
		// The base is for debugging; the key is one of its lines.
		requireNoSecret(t, "the signature base", strings.ReplaceAll(base, s.key.String(), ""), secrets)
	}
}

func TestNoFailureShowsASecret(t *testing.T) {
	problem := func(status int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			body := fmt.Sprintf(`{"type": "x", "status": %d, "echo": %q, "token": %q}`, status, bodyCanary, req.Header.Get("Authorization"))
			return answer(status, "application/problem+json", body, "Upvest-Request-Id", "r-1"), nil
		}
	}
	quoting := func(req *http.Request) (*http.Response, error) {
		quoted := strings.Join([]string{
			req.Header.Get("Authorization"), url.QueryEscape(req.Header.Get("Authorization")), req.Header.Get("Signature"),
			req.Header.Get("Idempotency-Key"), secretCanary,
		}, " ")
		return answer(400, "application/problem+json", fmt.Sprintf(`{"type": %[1]q, "title": %[1]q, "detail": %[1]q, "instance": %[1]q}`, quoted),
			"Upvest-Request-Id", quoted), nil
	}
	body := func(status int, contentType, text string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return answer(status, contentType, text), nil }
	}
	badTime := `{"id": "` + someOrder.String() + `", "created_at": "` + bodyCanary + `"}`
	tokenOf := func(next func(*http.Request) (*http.Response, error)) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/auth/token") {
				return answer(http.StatusOK, "application/json", `{"access_token":"`+tokenCanary+`","expires_in":1800}`), nil
			}
			return next(req)
		})
	}
	tokenRefused := func(respond func(form string) *http.Response) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			form, err := io.ReadAll(req.Body)
			return respond(string(form)), err
		})
	}
	var cancelCall context.CancelFunc
	for name, test := range map[string]struct {
		transport http.RoundTripper
		options   []upvest.ClientOption
		ctx       func(context.Context) context.Context
	}{
		"400":             {transport: tokenOf(problem(400))},
		"400 that quotes": {transport: tokenOf(quoting)},
		"401":             {transport: tokenOf(problem(401))},
		"403":             {transport: tokenOf(problem(403))},
		"418":             {transport: tokenOf(problem(418))},
		"503":             {transport: tokenOf(problem(503))},
		"502 HTML":        {transport: tokenOf(body(502, "text/html", "<html>"+bodyCanary+"</html>"))},
		"redirect":        {transport: tokenOf(body(307, "text/html", bodyCanary))},
		"200 HTML":        {transport: tokenOf(body(200, "text/html", "<html>"+bodyCanary+"</html>"))},
		"200 bad JSON":    {transport: tokenOf(body(200, "application/json", `{"id": `+bodyCanary+`}`))},
		"200 cut JSON":    {transport: tokenOf(body(200, "application/json", `{"id": "`+bodyCanary))},
		"200 bad UUID":    {transport: tokenOf(body(200, "application/json", `{"id": "`+bodyCanary+`"}`))},
		"200 bad time":    {transport: tokenOf(body(200, "application/json", badTime))},
		"200 bad optional": {
			transport: tokenOf(body(200, "application/json", `{"allocation_id": "`+bodyCanary+`"}`)),
		},
		"200 bad type": {
			transport: tokenOf(body(200, "application/json", `{"orders": "`+bodyCanary+`"}`)),
		},
		"200 list of texts": {transport: tokenOf(body(200, "application/json", `["`+bodyCanary+`"]`))},
		"200 text":          {transport: tokenOf(body(200, "application/json", `"`+bodyCanary+`"`))},
		"network failure": {transport: tokenOf(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("connection reset by peer")
		})},
		"body breaks off": {transport: tokenOf(func(*http.Request) (*http.Response, error) {
			resp := answer(200, "application/json", "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id": "`+bodyCanary), failingReader{}))
			return resp, nil
		})},
		"cancelled before": {
			transport: tokenOf(problem(400)),
			ctx: func(ctx context.Context) context.Context {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return ctx
			},
		},
		"cancelled under way": {
			transport: tokenOf(func(req *http.Request) (*http.Response, error) {
				cancelCall()
				return nil, req.Context().Err()
			}),
			ctx: func(ctx context.Context) context.Context {
				ctx, cancelCall = context.WithCancel(ctx)
				return ctx
			},
		},
		"token refused with an OAuth error": {transport: tokenRefused(func(form string) *http.Response {
			return answer(401, "application/json", `{"error":"invalid_client","error_description":"`+form+`"}`)
		})},
		"token refused with HTML": {
			transport: tokenRefused(func(form string) *http.Response { return answer(403, "text/html", form) }),
		},
		"token refused with a problem": {transport: tokenRefused(func(form string) *http.Response {
			return answer(401, "application/problem+json", `{"type": "unauthorised", "status": 401, "form": "`+form+`"}`)
		})},
		"token refused with a problem that quotes": {transport: tokenRefused(func(form string) *http.Response {
			return answer(401, "application/problem+json", `{"type": "unauthorised", "status": 401, "title": "`+form+`", "detail": "`+form+`"}`)
		})},
		"token answer without a token": {transport: tokenRefused(func(form string) *http.Response {
			return answer(200, "application/json", `{"form": "`+form+`"}`)
		})},
		"token answer of another kind": {transport: tokenRefused(func(form string) *http.Response {
			return answer(200, "application/json", `{"access_token": ["`+form+`"]}`)
		})},
		"token answer that x/oauth2 cannot read": {transport: tokenRefused(func(form string) *http.Response {
			return answer(200, "application/json", `{"access_token": "`+tokenCanary+`", "expires_in": "`+form+`"}`)
		})},
		"token answer that is no JSON": {transport: tokenRefused(func(form string) *http.Response {
			return answer(200, "text/plain", form+tokenCanary)
		})},
		"token source of the caller": {
			transport: tokenOf(problem(400)),
			options: []upvest.ClientOption{
				upvest.WithTokenSource(plainSource{err: &oauth2.RetrieveError{
					Response: &http.Response{StatusCode: 400, Status: "400 " + bodyCanary},
					Body:     []byte(secretCanary), ErrorDescription: bodyCanary,
				}}),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			search := newLeakSearch(t, "", test.transport, test.options...)
			ctx := t.Context()
			if test.ctx != nil {
				ctx = test.ctx(ctx)
			}
			_, err := search.client.Orders.Create(ctx, someOrderRequest(), upvest.WithIdempotencyKey(search.key))
			if _, failed := search.source.TokenContext(ctx); failed != nil {
				search.requireNothingShown(t, failed)
			}
			search.requireNothingShown(t, err)
		})
	}
}

// net/http makes errors of its own of what it reads; some quote what a server wrote.
func TestNoFailureOfTheConnectionShowsASecret(t *testing.T) {
	for name, raw := range map[string]string{
		"no HTTP":            bodyCanary + " " + tokenCanary + "\r\n\r\n",
		"bad status":         "HTTP/1.1 2000 " + bodyCanary + "\r\n\r\n",
		"bad header":         "HTTP/1.1 200 OK\r\n" + bodyCanary + "\r\n\r\n",
		"bad content-length": "HTTP/1.1 200 OK\r\nContent-Length: " + bodyCanary + "\r\n\r\n",
		"bad location":       "HTTP/1.1 302 Found\r\nLocation: http://[" + bodyCanary + "\r\nContent-Length: 0\r\n\r\n",
		"bad trailer":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + tokenCanary + "\r\n\r\n",
		"short body":         "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\": \"" + bodyCanary,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if strings.HasSuffix(req.URL.Path, "/auth/token") {
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, `{"access_token":"`+tokenCanary+`","expires_in":1800}`)
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = connection.Close() }()
				_, _ = io.WriteString(connection, raw)
			}))
			defer server.Close()
			search := newLeakSearch(t, server.URL, server.Client().Transport)
			_, err := search.client.Orders.Create(t.Context(), someOrderRequest(), upvest.WithIdempotencyKey(search.key))
			search.requireNothingShown(t, err)
		})
	}
}
