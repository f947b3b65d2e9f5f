package wrapper_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// roundTripper makes a function an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// stub answers token requests itself and hands every other request to next. It reports no
// connections.
func stub(next func(*http.Request) (*http.Response, error)) *http.Client {
	return &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/auth/token") {
			if err := closeBody(req); err != nil {
				return nil, err
			}
			return tokenAnswer(), nil
		}
		resp, err := next(req)
		return resp, errors.Join(err, closeBody(req))
	})}
}

// closeBody does what every transport has to.
func closeBody(req *http.Request) error {
	if req.Body == nil {
		return nil
	}
	return req.Body.Close()
}

func tokenAnswer() *http.Response {
	return answer(http.StatusOK, "application/json",
		`{"access_token":"test-token","expires_in":1800,"token_type":"bearer","scope":"portfolios:admin portfolios:read"}`)
}

// answer makes an answer; header are pairs of name and value.
func answer(status int, contentType, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if contentType != "" {
		resp.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// testCredentials are complete; their key is the public one of RFC 9421, B.1.4.
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

// newTestClient makes a client whose requests, but for the token's, go to next.
func newTestClient(
	t testing.TB, next func(*http.Request) (*http.Response, error), options ...upvest.ClientOption,
) *upvest.Client {
	t.Helper()
	return newClientOver(t, stub(next).Transport, options...)
}

// newClientOver makes a client whose requests, those for a token included, go through the
// transport.
func newClientOver(t testing.TB, transport http.RoundTripper, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	options = append([]upvest.ClientOption{upvest.WithHTTPClient(&http.Client{Transport: transport})}, options...)
	client, err := upvest.New(testCredentials(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
