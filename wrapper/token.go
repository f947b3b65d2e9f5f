package wrapper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// TokenSource gets access tokens with the OAuth 2.0 client credentials grant and keeps each until shortly before it expires. Its token
// requests are signed, and repeated like those of a [Client]. It is safe for concurrent use: any number of callers share one request.
//
// Source: docs.upvest.co, "Authentication"; the token URL is /auth/token on the server itself.
type TokenSource struct {
	fetch  func(ctx context.Context) (*oauth2.Token, error)
	now    func() time.Time
	jitter func(limit time.Duration) time.Duration

	mu      sync.Mutex
	token   *oauth2.Token
	renewAt time.Time // the zero time means never
	expires time.Time
	request *tokenRequest // under way
}

// renewalPatience bounds the wait for a new token while the old one is still good.
const renewalPatience = time.Second

// tokenRequest is one request for a token and those who wait for it. It ends when the last of them leaves.
type tokenRequest struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	token   *oauth2.Token
	err     error
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
		now:    c.clock.local,
		jitter: c.random.upTo,
		fetch:  func(ctx context.Context) (*oauth2.Token, error) { return c.fetchToken(ctx, credentials) },
	}
}

// Format prints no token, whatever the verb, and nothing that another goroutine may be changing.
func (s *TokenSource) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "{TokenSource}") }

// Token returns a valid token. It is TokenContext for callers without a context.
func (s *TokenSource) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

// TokenContext returns a valid token, from memory or from the server, or an *[Error] whose Operation is "token". A caller whose context
// ends leaves alone; the others go on waiting.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	if s.token != nil && (s.renewAt.IsZero() || s.now().Before(s.renewAt)) {
		defer s.mu.Unlock()
		return s.token, nil
	}
	request := s.request
	if request == nil {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		request = &tokenRequest{done: make(chan struct{}), cancel: cancel}
		s.request = request
		go s.run(shared, request)
	}
	request.waiting++
	s.mu.Unlock()
	select {
	case <-request.done:
		return request.token, request.err
	case <-ctx.Done():
		s.leave(request)
		return nil, fmt.Errorf("wait for an access token: %w", ctx.Err())
	}
}

func (s *TokenSource) leave(request *tokenRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if request.waiting--; request.waiting > 0 {
		return
	}
	request.cancel()
	if s.request == request {
		s.request = nil
	}
}

func (s *TokenSource) run(ctx context.Context, request *tokenRequest) {
	defer request.cancel()
	asked := s.now()
	if s.isStillGood() {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, renewalPatience)
		defer stop()
	}
	token, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.store(token, asked, time.Until(token.Expiry))
	case s.token != nil && s.now().Before(s.expires):
		// Renewal failed, but the old one is still good for a while. Not every call is to wait for the next try.
		token, err = s.token, nil
		s.renewAt = s.now().Add(s.expires.Sub(s.now()) / 2)
	}
	request.token, request.err = token, err
	if s.request == request {
		s.request = nil
	}
	close(request.done)
}

// isStillGood reports whether the token in use has not expired yet, though it may be due for renewal.
func (s *TokenSource) isStillGood() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token != nil && s.now().Before(s.expires)
}

// store keeps a token and plans its renewal: before the end by a tenth of its life, at most a minute, less a random part, so that many
// hosts do not all renew at once.
func (s *TokenSource) store(token *oauth2.Token, asked time.Time, life time.Duration) {
	s.token, s.renewAt, s.expires = token, time.Time{}, time.Time{}
	if token.Expiry.IsZero() {
		return
	}
	margin := min(life/10, time.Minute)
	s.expires = asked.Add(life)
	s.renewAt = s.expires.Add(-margin + s.jitter(margin/2))
}

// Forget drops a token that the server refused, if it is still the one in use.
func (s *TokenSource) Forget(accessToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && s.token.AccessToken == accessToken {
		s.token = nil
	}
}

// tokenFrom asks a source for a token, with the context where it takes one.
func tokenFrom(ctx context.Context, source oauth2.TokenSource) (*oauth2.Token, error) {
	ask := source.Token
	if withContext, ok := source.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	}); ok {
		ask = func() (*oauth2.Token, error) { return withContext.TokenContext(ctx) }
	}
	token, err := ask()
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
	case !isQuotable(accessToken):
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
