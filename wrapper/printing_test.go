package wrapper_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// requestError is an error of the caller's code. It holds the request and wraps an error,
// but its text shows neither the request nor the wrapped error.
type requestError struct {
	Request *http.Request
	Header  http.Header
	Token   string
	Err     error
}

func (*requestError) Error() string { return "the line is down" }

func (e *requestError) Unwrap() error { return e.Err }

// Errors of the caller's code stay reachable with [errors.Is] and [errors.As], but
// printing the client's error does not show their fields.
func TestErrorsThatHoldARequestShowNoSecret(t *testing.T) {
	hold := func(req *http.Request) error {
		return &requestError{Request: req, Header: req.Header, Token: tokenCanary, Err: io.ErrClosedPipe}
	}
	bare := &requestError{Token: tokenCanary + " " + secretCanary, Err: io.ErrClosedPipe}
	credentials := testCredentials(t)
	failingKey := testCredentials(t)
	failingKey.PrivateKey = remoteKey{
		Signer: testKey(t),
		sign:   func([]byte) ([]byte, error) { return nil, bare },
	}
	source := sourceFunc(func() (*oauth2.Token, error) { return nil, bare })
	limiter := limiterFunc(func(context.Context) error { return bare })
	for name, test := range map[string]struct {
		credentials upvest.Credentials
		transport   roundTrip
		options     []upvest.ClientOption
	}{
		"error of the transport": {
			credentials: credentials,
			transport: grantingCanary(func(req *http.Request) (*http.Response, error) {
				return nil, hold(req)
			}),
		},
		"error of the transport for a token": {
			credentials: credentials,
			transport:   func(req *http.Request) (*http.Response, error) { return nil, hold(req) },
		},
		"error of a body": {
			credentials: credentials,
			transport: grantingCanary(func(req *http.Request) (*http.Response, error) {
				resp := newResponse(http.StatusOK, "application/json", "")
				resp.Body = io.NopCloser(failingReader{hold(req)})
				return resp, nil
			}),
		},
		"error of the token source": {
			credentials: credentials,
			transport:   problem(http.StatusBadRequest),
			options:     []upvest.ClientOption{upvest.WithTokenSource(source)},
		},
		"error of the private key": {
			credentials: failingKey,
			transport:   problem(http.StatusBadRequest),
		},
		"error of the limiter": {
			credentials: credentials,
			transport:   problem(http.StatusBadRequest),
			options:     []upvest.ClientOption{upvest.WithLimiter(limiter)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			search := newLeakSearch(t, test.credentials, test.transport, test.options...)
			err := createOrder(t.Context(), search.client, upvest.WithIdempotencyKey(search.key))
			search.requireNoLeak(t.Context(), t, err)
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("got the error %v, want errors.Is to find io.ErrClosedPipe in it", err)
			}
			if held, ok := errors.AsType[*requestError](err); !ok || held.Token == "" {
				t.Errorf("got the error %v, want errors.As to find the error of the caller's code in it", err)
			}
			requireText(t, err, "the line is down")
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// Printing a client does not show the token that the caller's token source holds.
func TestClientShowsNoTokenOfTheCallersSource(t *testing.T) {
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokenCanary})
	client := newClientOver(t, success(`{}`), upvest.WithTokenSource(source))
	requireNoSecret(t, "the client", byReflection(client), []string{tokenCanary})
	if client.TokenSource() != source {
		t.Error("TokenSource returned a different source, want the caller's source")
	}
}

// An idle connection keeps the last request in a buffer. Printing a client must not show
// this buffer.
func TestPrintedClientShowsNoSentRequest(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	client := newServerClient(t, server.URL)
	request := upvest.Request{Method: http.MethodGet, Path: "/users"}
	if err := client.Do(t.Context(), request, nil); err == nil {
		t.Fatal("the response without a request ID was accepted, want an error")
	}
	requireNoSecret(t, "the client", byReflection(client), []string{"test-token", "test-secret"})
}

func TestUntrustedServerIsReportedInOneLine(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	err := retrieve(t.Context(), newServerClient(t, server.URL, upvest.WithoutRetry()))
	failure := asError(t, err)
	for format, text := range everyFormat(t.Context(), failure) {
		if !strings.Contains(text, "certificate") || len(text) > 1000 {
			t.Errorf("the error formatted by %s has %d bytes, want a certificate error of at most 1000: %s",
				format, len(text), text)
		}
	}
	for format, text := range everyFormat(t.Context(), *failure) {
		if len(text) > 1000 {
			t.Errorf("the error value formatted by %s has %d bytes, want at most 1000: %s",
				format, len(text), text)
		}
	}
}

// fmt, log/slog and encoding/json print these values, and pointers to them, as the same
// text.
func TestValuesArePrintedAsTheSameTextEverywhere(t *testing.T) {
	failure := &upvest.Error{Operation: "create_portfolios_order", Status: 400, Body: []byte(bodyCanary)}
	response := &upvest.Response{
		Status: 200,
		Header: http.Header{"Upvest-Request-Id": {"r-1"}, "Set-Cookie": {bodyCanary}},
		Body:   []byte(bodyCanary),
	}
	config := upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t), Lifetime: time.Minute}
	credentials := testCredentials(t)
	for want, values := range map[string][]any{
		"create_portfolios_order: 400 Bad Request":      {failure, *failure},
		"200 OK, 11 bytes [request r-1]":                {response, *response},
		"{KeyID:key PrivateKey:(hidden) Lifetime:1m0s}": {config, &config},
		"{BaseURL:https://upvest.test ClientID:5ec16164-6173-461d-b90d-116d68f55b40 ClientSecret:(hidden) " +
			"KeyID:8d4997a8-cf7a-4e51-adbb-401656a3e5c2 PrivateKey:(hidden) " +
			"Scopes:[portfolios:admin portfolios:read]}": {credentials, &credentials},
	} {
		for _, value := range values {
			quoted, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			for format, text := range everyFormat(t.Context(), value) {
				switch {
				case strings.HasPrefix(format, "%") && text != want,
					format == "json.Marshal" && text != string(quoted),
					!strings.Contains(text, want):
					t.Errorf("%T formatted by %s is %s, want %s", value, format, text, want)
				}
			}
		}
	}
}

func TestAttemptIsPrintedWithAllItsFields(t *testing.T) {
	attempt := upvest.Attempt{
		Operation: "create_portfolios_order",
		Number:    2,
		Status:    503,
		RequestID: "r-1",
		Duration:  time.Second,
		Err:       errors.Join(io.ErrUnexpectedEOF, io.ErrClosedPipe),
		Retry:     "503 Service Unavailable",
		Wait:      time.Millisecond,
	}
	const printed = "[operation=create_portfolios_order attempt=2 status=503 request_id=r-1 duration=1s " +
		"error=unexpected EOF; io: read/write on closed pipe retry=503 Service Unavailable wait=1ms]"
	const encoded = `{"attempt":2,"duration":1000000000,` +
		`"error":"unexpected EOF; io: read/write on closed pipe",` +
		`"operation":"create_portfolios_order","request_id":"r-1","retry":"503 Service Unavailable",` +
		`"status":503,"wait":1000000}`
	for _, value := range []any{attempt, &attempt} {
		for format, text := range everyFormat(t.Context(), value) {
			switch {
			case strings.HasPrefix(format, "%") && text != printed,
				format == "json.Marshal" && text != encoded:
				t.Errorf("%T formatted by %s is %s, want all fields except Started", value, format, text)
			case strings.HasPrefix(format, "slog") && !strings.Contains(text, "503 Service Unavailable"):
				t.Errorf("%T formatted by %s is %s, want it to contain the retry reason", value, format, text)
			}
		}
	}
	const short = "[operation= attempt=0 status=0 request_id= duration=0s]"
	if text := fmt.Sprint(upvest.Attempt{}); text != short {
		t.Errorf("an empty attempt is printed as %q, want %q", text, short)
	}
}
