package wrapper_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestTokenEndpointFailsAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{steps: []roundTrip{problem(503), failing(io.ErrUnexpectedEOF), cutOff}}
		if err := retrieve(t.Context(), server.client(t)); err != nil {
			t.Error(err)
		}
		if len(server.fetches) != 4 {
			t.Errorf("got %d token requests, want 4", len(server.fetches))
		}
		nonces := map[string]bool{}
		for i, req := range server.fetches {
			nonces[signatureOf(t, req).nonce] = true
			if got, want := server.forms[i].Encode(), server.forms[0].Encode(); got != want {
				t.Errorf("token request %d has the form %s, want the form of the first: %s", i+1, got, want)
			}
			if req.GetBody != nil {
				t.Errorf("token request %d has GetBody, want none, because net/http could use it "+
					"to send the request again with the same nonce", i+1)
			}
		}
		if len(nonces) != 4 {
			t.Errorf("got %d different nonces in 4 token requests, want 4", len(nonces))
		}
	})
}

func TestTokenEndpointFails(t *testing.T) {
	for name, test := range map[string]struct {
		step    roundTrip
		status  int
		fetches int
	}{
		"unavailable":       {step: problem(503), status: 503, fetches: 4},
		"throttled":         {step: problem(429), status: 429, fetches: 4},
		"Cloudflare, 520":   {step: problem(520), status: 520, fetches: 4},
		"Cloudflare, 530":   {step: problem(530), status: 530, fetches: 4},
		"network failure":   {step: failing(io.ErrUnexpectedEOF), status: 0, fetches: 4},
		"unauthorized":      {step: problem(401), status: 401, fetches: 1},
		"bad request":       {step: problem(400), status: 400, fetches: 1},
		"redirect":          {step: problem(302, "Location", "https://other.test/"), status: 302, fetches: 1},
		"HTML":              {step: success("<html>Some detail</html>"), status: 200, fetches: 1},
		"an empty body":     {step: success(""), status: 200, fetches: 1},
		"no token":          {step: success(`{"expires_in": 1800}`), status: 200, fetches: 1},
		"an empty token":    {step: success(grantBody("", "1800")), status: 200, fetches: 1},
		"a malformed token": {step: success(`{"access_token": "a\nb"}`), status: 200, fetches: 1},
		"a truncated body":  {step: cutOff, status: 200, fetches: 4},
		"an error with the status 200": {
			step:    success(`{"access_token": "a", "error": "invalid_client"}`),
			status:  200,
			fetches: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{steps: slices.Repeat([]roundTrip{test.step}, 10)}
				_, err := server.client(t).Orders.Create(t.Context(), someOrderRequest())
				requireOutcome(t, err, upvest.OutcomeRefused)
				failure := asError(t, err)
				if failure.Operation != "create_portfolios_order" {
					t.Errorf("the error has the operation %q, want create_portfolios_order",
						failure.Operation)
				}
				token := asError(t, failure.Err)
				if token.Operation != "token" || token.Status != test.status {
					t.Fatalf("the cause is %q, want an error with the status %d from a token request",
						token, test.status)
				}
				isRefused := test.status >= 300
				if isRefused && !strings.Contains(string(token.Body), "Some detail") {
					t.Errorf("the cause has the body %q, want the body as received", token.Body)
				}
				if test.status == 401 && !errors.Is(err, upvest.ErrUnauthorized) {
					t.Errorf("got the error %v, want ErrUnauthorized", err)
				}
				server.requireCounts(t, test.fetches, 0)
			})
		})
	}
}

// The client reads a token response regardless of its Content-Type.
func TestTokenOfAnyContentType(t *testing.T) {
	for _, contentType := range []string{
		"application/json; charset=utf-8",
		"text/plain; charset=utf-8",
		"",
		"application/x-www-form-urlencoded",
	} {
		grant := respond(http.StatusOK, contentType, grantBody("some-token", "1800"))
		server := &tokenServer{valid: "some-token", steps: []roundTrip{grant}}
		if err := retrieve(t.Context(), server.client(t, upvest.WithoutRetry())); err != nil {
			t.Errorf("Content-Type %q: got the error %v, want success", contentType, err)
		}
	}
}

// A 404 or a 409 from the token endpoint is not about the resource of the call, so the
// error of the call matches neither ErrNotFound nor ErrConflict.
func TestTokenStatusIsNotTheStatusOfTheResource(t *testing.T) {
	for _, test := range []struct {
		status  int
		kind    error
		matches bool
	}{
		{status: http.StatusNotFound, kind: upvest.ErrNotFound},
		{status: http.StatusConflict, kind: upvest.ErrConflict},
		{status: http.StatusUnauthorized, kind: upvest.ErrUnauthorized, matches: true},
		{status: http.StatusForbidden, kind: upvest.ErrForbidden, matches: true},
		{status: http.StatusUpgradeRequired, kind: upvest.ErrUpgradeRequired, matches: true},
		{status: http.StatusTooManyRequests, kind: upvest.ErrTooManyRequests, matches: true},
		{status: http.StatusInternalServerError, kind: upvest.ErrInternal, matches: true},
		{status: http.StatusBadGateway, kind: upvest.ErrBadGateway, matches: true},
		{status: http.StatusServiceUnavailable, kind: upvest.ErrServiceUnavailable, matches: true},
		{status: http.StatusGatewayTimeout, kind: upvest.ErrGatewayTimeout, matches: true},
	} {
		transport := respond(test.status, "application/problem+json", `{"type": "x", "status": 1}`,
			"Upvest-Request-Id", "of-the-token", "Cf-Ray", "ray")
		err := retrieve(t.Context(), newClientOver(t, transport, upvest.WithoutRetry()))
		if got := errors.Is(err, test.kind); got != test.matches {
			t.Errorf("after a %d from the token endpoint, errors.Is(err, %q) is %t, want %t",
				test.status, test.kind, got, test.matches)
		}
		failure := asError(t, err)
		if failure.RequestID != "of-the-token" || failure.CFRay != "ray" {
			t.Errorf("after a %d from the token endpoint, got the request ID %q and CF-Ray %q, "+
				"want \"of-the-token\" and \"ray\"", test.status, failure.RequestID, failure.CFRay)
		}
	}
}

// If a call is refused with 401 and the token request that follows fails too, the error
// has the status, request ID and CF-Ray of the response to the call, not those of the
// response to the token request.
func TestTokenRequestIDDoesNotReplaceTheRequestIDOfTheCall(t *testing.T) {
	server := &tokenServer{
		steps:   []roundTrip{success(grantBody("token-1", "1800")), problem(403)},
		respond: problem(401, "Cf-Ray", "ray-401"),
	}
	failure := asError(t, retrieve(t.Context(), server.client(t)))
	if failure.Status != 401 || failure.RequestID != "request-401" || failure.CFRay != "ray-401" {
		t.Errorf("got the status %d, request ID %q and CF-Ray %q, want 401, request-401 and ray-401",
			failure.Status, failure.RequestID, failure.CFRay)
	}
	server.requireCounts(t, 2, 1)
}

// If a token response breaks off, the token from the next response must contain no field
// of the response that broke off.
func TestTokenResponseThatBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const beginning = `{"access_token": "other", "error": "invalid_client", "expires_in": 5, "scope`
		server := &tokenServer{steps: []roundTrip{
			success(beginning), success(`{"access_token": "token"}`),
		}}
		source, ok := server.client(t).TokenSource().(*upvest.TokenSource)
		if !ok {
			t.Fatal("Client.TokenSource did not return a *upvest.TokenSource, want one")
		}
		token, err := source.TokenContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if token.AccessToken != "token" || !token.Expiry.IsZero() {
			t.Errorf("got the token %q, which expires at %s, want \"token\" and no expiry",
				token.AccessToken, token.Expiry)
		}
		if len(server.fetches) != 2 {
			t.Errorf("got %d token requests, want 2", len(server.fetches))
		}
	})
}

func TestTokenEndpointThatRequiresAnUpgrade(t *testing.T) {
	server := &tokenServer{steps: []roundTrip{problem(426)}}
	if err := retrieve(t.Context(), server.client(t)); !errors.Is(err, upvest.ErrUpgradeRequired) {
		t.Errorf("got the error %v, want ErrUpgradeRequired", err)
	}
}
