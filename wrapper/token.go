package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
)

// TokenSource gets access tokens with the OAuth 2.0 client credentials grant. Its token requests are signed, and repeated like those of a
// [Client]. It is safe for concurrent use: any number of callers share one request.
//
// While a token is good nobody waits for the next: the first caller in the last fifth of its life, at most five minutes, sets off a request
// that goes on behind everybody's back, and ends by its own retry policy. Without a good token callers wait for one request together, each
// as long as its own context lets it. Nobody is told of a failure that is older than the call, nor given a token that was asked for before
// the server refused the last one.
//
// Source: docs.upvest.co, "Authentication"; the token URL is /auth/token on the server itself.
type TokenSource struct {
	tokens *refresh.Source[*oauth2.Token]
	clock  *clock.Clock // of the client, to share what it learns with the other clients of this source
}

// NewTokenSource makes a TokenSource of its own, to use with [TokenEditor] on the plain generated client or to share between clients.
// Options are those of [New].
func NewTokenSource(credentials Credentials, options ...ClientOption) (*TokenSource, error) {
	c, err := newCore(credentials, options)
	if err != nil {
		return nil, fmt.Errorf("make an Upvest token source: %w", err)
	}
	return newTokenSource(c, credentials), nil
}

func newTokenSource(c *core, credentials Credentials) *TokenSource {
	return &TokenSource{
		tokens: &refresh.Source[*oauth2.Token]{
			Now:    c.clock.Local,
			Jitter: c.random.UpTo,
			Fetch: func(ctx context.Context, sending func()) (refresh.Grant[*oauth2.Token], error) {
				return c.fetchToken(ctx, credentials, sending)
			},
		},
		clock: c.clock,
	}
}

// Format prints no token, whatever the verb, and nothing that another goroutine may be changing.
func (s *TokenSource) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "{TokenSource}") }

// Token returns a valid token. It is TokenContext for callers without a context.
func (s *TokenSource) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

// TokenContext returns a valid token, from memory or from the server, or an *[Error] whose Operation is "token". A caller whose context
// ends leaves alone; the others go on waiting.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	return s.tokens.Get(ctx)
}

// Forget drops a token that the server refused, and one that was asked for while that was in use: both may have been revoked together.
func (s *TokenSource) Forget(accessToken string) {
	s.tokens.Drop(func(token *oauth2.Token) bool { return token.AccessToken == accessToken })
}

// maxAsking is how many calls at once ask a token source that knows no context.
const maxAsking = 8

// tokenFrom asks a source for a token, with the context where it takes one.
func tokenFrom(ctx context.Context, source oauth2.TokenSource, slots refresh.Slots) (token *oauth2.Token, err error) {
	if withContext, ok := source.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	}); ok {
		token, err = withContext.TokenContext(ctx)
	} else {
		token, err = refresh.Within(ctx, slots, source.Token)
	}
	switch {
	case err != nil:
		return nil, hideBody(err)
	case token == nil || token.AccessToken == "":
		return nil, errors.New("the token source returned no token")
	}
	return token, checkToken(token.AccessToken)
}

func checkToken(accessToken string) error {
	switch {
	case accessToken == "":
		return errors.New("access_token is missing")
	case !httpsig.IsQuotable(accessToken):
		return errors.New("access_token holds a character that is not of a token")
	}
	return nil
}

// hideBody keeps the text of an x/oauth2 error, which quotes the whole answer, out of ours.
func hideBody(err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return err
	}
	failure := &Error{Operation: tokenOperation.id, Body: answer.Body}
	if answer.Response != nil {
		failure.Status = answer.Response.StatusCode
	}
	return failure
}

func forgetToken(source oauth2.TokenSource, accessToken string) {
	if forgetful, ok := source.(interface{ Forget(accessToken string) }); ok {
		forgetful.Forget(accessToken)
	}
}
