package wrapper_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// sourceFunc stands for a token source of the caller that does not support contexts.
type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

// contextSource stands for a token source of the caller that supports contexts.
type contextSource sourceFunc

func (contextSource) Token() (*oauth2.Token, error) {
	return nil, errors.New("called without a context")
}

func (s contextSource) TokenContext(context.Context) (*oauth2.Token, error) { return s() }

func newTokenSource(t *testing.T, transport http.RoundTripper) *upvest.TokenSource {
	t.Helper()
	source, err := upvest.NewTokenSource(testCredentials(t),
		upvest.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestReplacedTokenSource(t *testing.T) {
	other := &tokenServer{}
	for name, source := range map[string]oauth2.TokenSource{
		"static":                staticToken("token-1"),
		"reused":                oauth2.ReuseTokenSource(nil, other.client(t).TokenSource()),
		"of a different client": other.client(t).TokenSource(),
	} {
		server := &tokenServer{valid: "token-1"}
		other.fetches = nil
		for range 3 {
			if err := retrieve(t.Context(), server.client(t, upvest.WithTokenSource(source))); err != nil {
				t.Errorf("with the token source %q, got the error %v, want success", name, err)
			}
		}
		if len(server.fetches) > 0 || len(other.fetches) > 1 {
			t.Errorf("with the token source %q, got %d token requests by the client and %d by the source, "+
				"want none by the client and at most one by the source",
				name, len(server.fetches), len(other.fetches))
		}
	}
}

// If the server refuses a token, all clients that share the token source get the next
// token.
func TestSharedTokenSource(t *testing.T) {
	server := &tokenServer{}
	first := server.client(t)
	second := server.client(t, upvest.WithTokenSource(first.TokenSource()))
	for _, client := range []*upvest.Client{first, second} {
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	server.revokeFor("token-2")
	for _, client := range []*upvest.Client{second, first} {
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	server.requireCounts(t, 2, 5)
}

func TestTokenSourceThatFails(t *testing.T) {
	cause := errors.New("the vault is closed")
	for name, token := range map[string]sourceFunc{
		"error":         func() (*oauth2.Token, error) { return nil, cause },
		"no token":      func() (*oauth2.Token, error) { return nil, nil },
		"empty token":   func() (*oauth2.Token, error) { return &oauth2.Token{}, nil },
		"invalid token": func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "a\r\nb"}, nil },
	} {
		for kind, source := range map[string]oauth2.TokenSource{
			"source without contexts": token,
			"source with contexts":    contextSource(token),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				server := scripted(success(orderBody))
				client := newTestClient(t, server.serve, upvest.WithTokenSource(source))
				_, err := client.Orders.Create(t.Context(), someOrderRequest())
				requireOutcome(t, err, upvest.OutcomeRefused)
				server.requireRequests(t, 0)
				if name == "error" && !errors.Is(err, cause) {
					t.Errorf("got the error %v, want it to match the error of the token source", err)
				}
			})
		}
	}
}

func TestTokenSourceWithoutAClient(t *testing.T) {
	source := newTokenSource(t, roundTrip((&tokenServer{}).serve))
	for range 2 {
		token, err := source.Token()
		if err != nil {
			t.Fatal(err)
		}
		if token.AccessToken != "token-1" || token.Type() != "Bearer" {
			t.Errorf("got the token %q with the type %q, want \"token-1\" with the type \"Bearer\"",
				token.AccessToken, token.Type())
		}
	}
	for _, step := range []struct {
		forget string
		want   string
	}{
		{forget: "another", want: "token-1"},
		{forget: "token-1", want: "token-2"},
		{forget: "token-1", want: "token-2"},
	} {
		source.Forget(step.forget)
		token, err := source.TokenContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if token.AccessToken != step.want {
			t.Errorf("after Forget(%q), the token is %q, want %q", step.forget, token.AccessToken, step.want)
		}
	}
}

// A token source of the caller may fetch a new token each time it is called, so the
// client calls the source only once per attempt.
func TestTokenSourceIsCalledOncePerAttempt(t *testing.T) {
	calls := 0
	source := sourceFunc(func() (*oauth2.Token, error) {
		calls++
		return &oauth2.Token{AccessToken: "token"}, nil
	})
	server := scripted(problem(401))
	err := retrieve(t.Context(), newTestClient(t, server.serve, upvest.WithTokenSource(source)))
	if !errors.Is(err, upvest.ErrUnauthorized) {
		t.Fatal(err)
	}
	if calls != 2 || len(server.requests) != 2 {
		t.Errorf("the source was called %d times for %d requests, want 2 calls for 2 requests",
			calls, len(server.requests))
	}
}
