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

// requestError is an error of a caller's code that holds the request, and another error.
// Its text shows neither.
type requestError struct {
	Request *http.Request
	Header  http.Header
	Token   string
	Err     error
}

func (*requestError) Error() string { return "the line is down" }

func (e *requestError) Unwrap() error { return e.Err }

// Errors of the caller's code stay reachable, but no printer shows their fields.
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
		"transport": {
			credentials: credentials,
			transport: grantingCanary(func(req *http.Request) (*http.Response, error) {
				return nil, hold(req)
			}),
		},
		"transport, token request": {
			credentials: credentials,
			transport:   func(req *http.Request) (*http.Response, error) { return nil, hold(req) },
		},
		"body": {
			credentials: credentials,
			transport: grantingCanary(func(req *http.Request) (*http.Response, error) {
				resp := newResponse(http.StatusOK, "application/json", "")
				resp.Body = io.NopCloser(failingReader{hold(req)})
				return resp, nil
			}),
		},
		"token source": {
			credentials: credentials,
			transport:   problem(http.StatusBadRequest),
			options:     []upvest.ClientOption{upvest.WithTokenSource(source)},
		},
		"key": {
			credentials: failingKey,
			transport:   problem(http.StatusBadRequest),
		},
		"limiter": {
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
				t.Errorf("errors.Is does not find the cause in %v", err)
			}
			if held, ok := errors.AsType[*requestError](err); !ok || held.Token == "" {
				t.Errorf("errors.As does not find the error of the caller's code in %v", err)
			}
			requireText(t, err, "the line is down")
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// A source of the caller that holds its token is not printed with the client.
func TestClientShowsNoTokenOfAnotherSource(t *testing.T) {
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokenCanary})
	client := newClientOver(t, success(`{}`), upvest.WithTokenSource(source))
	requireNoSecret(t, "the client", byReflection(client), []string{tokenCanary})
	if client.TokenSource() != source {
		t.Error("the client returns another source")
	}
}

// The buffer of an idle connection contains the last request.
func TestClientShowsNoConnection(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	client := newServerClient(t, server.URL)
	request := upvest.Request{Method: http.MethodGet, Path: "/users"}
	if err := client.Do(t.Context(), request, nil); err == nil {
		t.Fatal("the response without a request ID was accepted")
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
			t.Errorf("the error by %s has %d bytes: %s", format, len(text), text)
		}
	}
	for format, text := range everyFormat(t.Context(), *failure) {
		if len(text) > 1000 {
			t.Errorf("the error value by %s has %d bytes: %s", format, len(text), text)
		}
	}
}

// Each type has one text for fmt, log/slog and encoding/json.
func TestTypesHaveOneText(t *testing.T) {
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
					t.Errorf("%T by %s is %s, want %s", value, format, text, want)
				}
			}
		}
	}
}

func TestAttemptHasOneText(t *testing.T) {
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
				t.Errorf("%T by %s is %s", value, format, text)
			case strings.HasPrefix(format, "slog") && !strings.Contains(text, "503 Service Unavailable"):
				t.Errorf("%T by %s is %s", value, format, text)
			}
		}
	}
	const short = "[operation= attempt=0 status=0 request_id= duration=0s]"
	if text := fmt.Sprint(upvest.Attempt{}); text != short {
		t.Errorf("an attempt without error and retry is %s, want %s", text, short)
	}
}
