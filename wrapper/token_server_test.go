package wrapper_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// tokenServer grants token-1, token-2 and so on. It accepts calls with a valid token, and
// refuses all other calls with 401.
type tokenServer struct {
	mu sync.Mutex
	// the first responses of the token endpoint; all later responses grant tokens
	steps []roundTrip
	life  string        // expires_in as JSON; the default is 1800
	delay time.Duration // the latency of the token endpoint
	valid string        // the only accepted token; if empty, every token is accepted
	// the response to a call with a valid token; the default is an order
	respond  roundTrip
	fetches  []*http.Request
	forms    []url.Values
	calls    int
	accepted int // the number of calls with a valid token
}

func (s *tokenServer) serve(req *http.Request) (*http.Response, error) {
	if isTokenRequest(req) {
		return s.serveToken(req)
	}
	return s.serveCall(req)
}

func (s *tokenServer) serveCall(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.valid != "" && req.Header.Get("authorization") != "Bearer "+s.valid {
		return refuse("Token is not active")(req)
	}
	s.accepted++
	if s.respond != nil {
		return s.respond(req)
	}
	return success(orderBody)(req)
}

func (s *tokenServer) serveToken(req *http.Request) (*http.Response, error) {
	next, err := s.recordFetch(req)
	if err != nil {
		return nil, err
	}
	return slow(s.delay, next)(req)
}

// recordFetch records a token request and returns the step that responds to it.
func (s *tokenServer) recordFetch(req *http.Request) (roundTrip, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches = append(s.fetches, req)
	s.forms = append(s.forms, form)
	if len(s.steps) > 0 {
		next := s.steps[0]
		s.steps = s.steps[1:]
		return next, nil
	}
	life := s.life
	if life == "" {
		life = "1800"
	}
	return success(grantBody(fmt.Sprintf("token-%d", len(s.fetches)), life)), nil
}

// grantBody returns the body of a token response. As in responses of real servers, the
// token type is in lower case, and the scope is narrower than the scope that the client
// requested.
func grantBody(token, life string) string {
	const form = `{"access_token": %q, "expires_in": %s, "token_type": "bearer", "scope": "portfolios:read"}`
	return fmt.Sprintf(form, token, life)
}

// revokeFor makes the given token the only one that the server accepts.
func (s *tokenServer) revokeFor(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = token
}

func (s *tokenServer) client(t testing.TB, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientOver(t, roundTrip(s.serve), options...)
}

// requireCounts checks how many token requests and how many other requests the
// server received.
func (s *tokenServer) requireCounts(t testing.TB, fetches, calls int) {
	t.Helper()
	if len(s.fetches) != fetches || s.calls != calls {
		t.Errorf("got %d token requests and %d other requests, want %d and %d",
			len(s.fetches), s.calls, fetches, calls)
	}
}

func staticToken(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}
