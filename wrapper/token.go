package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/foreign"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/signature"
)

// TokenSource gets access tokens with the OAuth 2.0 client credentials grant. Its token requests are signed, and repeated like those of a
// [Client]. It is safe for concurrent use: any number of callers share one request.
//
// While a token is good nobody waits for the next: the first caller in the last fifth of its life, at most five minutes, sets off a request
// that goes on behind everybody's back, and ends by its own retry policy. Without a good token callers wait for one request together, each
// as long as its own context lets it.
//
// Source: docs.upvest.co, "Authentication"; the token URL is /auth/token on the server itself.
type TokenSource struct {
	fetch  func(ctx context.Context) (grant, error)
	now    func() time.Time
	jitter func(limit time.Duration) time.Duration
	clock  *clock.Clock // of the client, to share what it learns with the other clients of this source

	mu      sync.Mutex
	token   *oauth2.Token
	expires time.Time // the zero time means never
	renewAt time.Time
	request *tokenRequest // under way
}

// tokenRequest is one request for a token. One that began behind everybody's back runs to its end, any other until the last of those who
// wait for it leaves.
type tokenRequest struct {
	call       *foreign.Call[*oauth2.Token]
	cancel     context.CancelFunc
	background bool
	waiting    int
}

// grant is a token, and how long it is good for from when it was asked for; 0 means that nobody knows.
type grant struct {
	token *oauth2.Token
	life  time.Duration
}

const (
	// longestMargin is how long before its end a token is renewed at the earliest.
	longestMargin = 5 * time.Minute
	// renewalPause is the least time between two renewals if the first fails.
	renewalPause = 5 * time.Second
)

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
		now:    c.clock.Local,
		jitter: c.random.UpTo,
		clock:  c.clock,
		fetch:  func(ctx context.Context) (grant, error) { return c.fetchToken(ctx, credentials) },
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
	token, request := s.current(ctx, s.now())
	if token != nil {
		return token, nil
	}
	defer s.leave(request)
	token, err := request.call.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("wait for an access token: %w", ctx.Err())
	}
	return token, err
}

// current returns the token if it is good, or else the request to wait for. It sees to it that there is one if there has to be.
func (s *TokenSource) current(ctx context.Context, now time.Time) (*oauth2.Token, *tokenRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && (s.expires.IsZero() || now.Before(s.renewAt)) {
		return s.token, nil
	}
	good := s.token != nil && now.Before(s.expires)
	if s.request == nil {
		request := &tokenRequest{background: good}
		ctx, request.cancel = context.WithCancel(context.WithoutCancel(ctx))
		request.call = foreign.Go(func() (*oauth2.Token, error) { return s.renew(ctx, request) })
		s.request, s.renewAt = request, now.Add(renewalPause)
	}
	if good {
		return s.token, nil
	}
	s.request.waiting++
	return nil, s.request
}

func (s *TokenSource) leave(request *tokenRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if request.waiting--; request.waiting > 0 || request.background {
		return
	}
	request.cancel()
	s.finish(request)
}

// renew requests a token and keeps it.
func (s *TokenSource) renew(ctx context.Context, request *tokenRequest) (*oauth2.Token, error) {
	defer request.cancel()
	defer func() { // also behind a panic of a hook or a signer
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(request)
	}()
	asked := s.now()
	fetched, err := s.fetch(ctx)
	if err != nil {
		return nil, err
	}
	margin := min(fetched.life/5, longestMargin)
	expires := asked.Add(fetched.life)
	renewAt := expires.Add(-margin + s.jitter(margin/2))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.expires, s.renewAt = fetched.token, expires, renewAt
	if fetched.life <= 0 {
		s.expires = time.Time{}
	}
	return s.token, nil
}

// finish makes room for the next request. The lock is held.
func (s *TokenSource) finish(request *tokenRequest) {
	if s.request == request {
		s.request = nil
	}
}

// Forget drops a token that the server refused, if it is still the one in use.
func (s *TokenSource) Forget(accessToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && s.token.AccessToken == accessToken {
		s.token = nil
	}
}

// maxAsking is how many calls at once ask a token source that knows no context.
const maxAsking = 8

// tokenFrom asks a source for a token, with the context where it takes one.
func tokenFrom(ctx context.Context, source oauth2.TokenSource, slots foreign.Slots) (token *oauth2.Token, err error) {
	if withContext, ok := source.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	}); ok {
		token, err = withContext.TokenContext(ctx)
	} else {
		token, err = foreign.Within(ctx, slots, source.Token)
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
	case !signature.IsQuotable(accessToken):
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
