package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// someRequestID is a value of the header upvest-request-id.
const someRequestID = "bd2c6a06-5c1c-4a0e-9f3b-6b1f4e7c4d10"

// tokenBody is the body of a successful token response.
const tokenBody = `{"access_token":"test-token","expires_in":1800,` +
	`"token_type":"bearer","scope":"portfolios:admin portfolios:read"}`

// roundTrip turns a function into an [http.RoundTripper]. Tests build transports
// from such functions (see [respond], [script] and [grantingTokens]).
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// grantingTokens returns a transport that responds to token requests and passes all other
// requests to next. Like some transports that callers use, the returned transport does
// not call the hooks of net/http/httptrace.
func grantingTokens(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if isTokenRequest(req) {
			if err := closeBody(req); err != nil {
				return nil, err
			}
			return newResponse(http.StatusOK, "application/json", tokenBody), nil
		}
		resp, err := next(req)
		return resp, errors.Join(err, closeBody(req))
	}
}

func isTokenRequest(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/auth/token")
}

// closeBody closes the body of a request, as every transport must.
func closeBody(req *http.Request) error {
	if req.Body == nil {
		return nil
	}
	return req.Body.Close()
}

// newResponse makes a response. The header consists of pairs of name and value. A 2xx
// with neither a body nor an upvest-request-id does not confirm a write, so newResponse
// adds a request ID to a 2xx without a body, unless the header contains one.
func newResponse(status int, contentType, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	if contentType != "" {
		resp.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	if _, set := resp.Header["Upvest-Request-Id"]; status/100 == 2 && strings.TrimSpace(body) == "" && !set {
		resp.Header.Set("Upvest-Request-Id", "request-2xx")
	}
	return resp
}

// newServer starts a server that clients reach over real connections. The server responds
// to token requests, and handle serves all other requests.
func newServer(t testing.TB, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if isTokenRequest(req) {
			_, _ = io.WriteString(w, tokenBody)
			return
		}
		handle(w, req)
	}))
	t.Cleanup(server.Close)
	return server
}

// testKey returns the private Ed25519 test key that RFC 9421 publishes in B.1.4.
func testKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	const encoded = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		t.Fatalf("the test key is a %T, want an ed25519.PrivateKey", key)
	}
	return private
}

func testPublicKey(t testing.TB) ed25519.PublicKey {
	t.Helper()
	public, ok := testKey(t).Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("the test key has no Ed25519 public key")
	}
	return public
}

// testCredentials returns complete credentials with [testKey].
func testCredentials(t testing.TB) upvest.Credentials {
	t.Helper()
	return upvest.Credentials{
		BaseURL:      "https://upvest.test",
		ClientID:     uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40"),
		ClientSecret: "test-secret",
		KeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:   testKey(t),
		Scopes:       []string{"portfolios:admin", "portfolios:read"},
	}
}

// newTestClient makes a client whose token requests succeed and whose other requests go
// to next.
func newTestClient(t testing.TB, next roundTrip, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientOver(t, grantingTokens(next), options...)
}

// newClientOver makes a client whose requests, including those for a token, go through
// the transport.
func newClientOver(t testing.TB, transport http.RoundTripper, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientWith(t, testCredentials(t), transport, options...)
}

// newServerClient makes a client that calls a server over real connections. The client
// uses its default [http.Client] unless the options set one.
func newServerClient(t testing.TB, baseURL string, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	credentials := testCredentials(t)
	credentials.BaseURL = baseURL
	client, err := upvest.New(credentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// newClientWith makes a client with the given credentials and transport.
func newClientWith(
	t testing.TB, credentials upvest.Credentials, transport http.RoundTripper, options ...upvest.ClientOption,
) *upvest.Client {
	t.Helper()
	all := []upvest.ClientOption{upvest.WithHTTPClient(&http.Client{Transport: transport})}
	client, err := upvest.New(credentials, append(all, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// respondingClient makes a client whose calls all receive the given response and are not
// retried.
func respondingClient(t *testing.T, status int, contentType, body string, header ...string) *upvest.Client {
	t.Helper()
	return newTestClient(t, respond(status, contentType, body, header...), upvest.WithoutRetry())
}

// retrieve retrieves an order. Tests use it where the kind of call does not matter.
func retrieve(ctx context.Context, client *upvest.Client, options ...upvest.CallOption) error {
	_, err := client.Orders.Retrieve(ctx, someOrder, options...)
	return err
}

// asError returns the *Error in err, and ends the test if err contains no *Error.
func asError(t testing.TB, err error) *upvest.Error {
	t.Helper()
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		t.Fatalf("got the error %v of type %T, want an *Error", err, err)
	}
	return failure
}

// requireReceived returns the *Error in err, and checks that it contains the operation
// and the response as received.
func requireReceived(t testing.TB, err error, operation string, status int, body string) *upvest.Error {
	t.Helper()
	failure := asError(t, err)
	if failure.Operation != operation || failure.Status != status || string(failure.Body) != body {
		t.Errorf("the error has the operation %q, status %d and body %q; want %q, %d and %q",
			failure.Operation, failure.Status, failure.Body, operation, status, body)
	}
	return failure
}

// requireText checks that the text of an error contains all parts.
func requireText(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one that contains %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got the error %q, want it to contain %q", err, part)
		}
	}
}

// requireOutcome checks the outcome in an *Error, and checks that the error matches
// ErrOutcomeUnknown and ErrAccepted only for the corresponding outcome.
func requireOutcome(t testing.TB, err error, want upvest.Outcome) {
	t.Helper()
	if failure := asError(t, err); failure.Outcome != want {
		t.Errorf("the outcome of the error %q is %q, want %q", err, failure.Outcome, want)
	}
	isUnknown := want == upvest.OutcomeUnknown
	if errors.Is(err, upvest.ErrOutcomeUnknown) != isUnknown {
		t.Errorf("for the error %q, errors.Is(err, ErrOutcomeUnknown) is %t, want %t",
			err, !isUnknown, isUnknown)
	}
	isAccepted := want == upvest.OutcomeAccepted
	if errors.Is(err, upvest.ErrAccepted) != isAccepted {
		t.Errorf("for the error %q, errors.Is(err, ErrAccepted) is %t, want %t",
			err, !isAccepted, isAccepted)
	}
}

// retrieveAtOnce makes the given number of concurrent calls, all of which must succeed.
func retrieveAtOnce(t *testing.T, client *upvest.Client, calls int) {
	t.Helper()
	var group sync.WaitGroup
	for range calls {
		group.Go(func() {
			if err := retrieve(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func createOrder(ctx context.Context, client *upvest.Client, options ...upvest.CallOption) error {
	_, err := client.Orders.Create(ctx, someOrderRequest(), options...)
	return err
}
