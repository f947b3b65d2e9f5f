package wrapper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// TokenSource gets access tokens with the OAuth 2.0 client credentials grant (POST
// /auth/token). Its token requests are signed and retried like the calls of a [Client].
// It is safe for concurrent use: any number of callers share one token request.
//
// While a token is valid, callers do not wait for its successor. Near the end of the
// lifetime (in the last fifth, but at most the last five minutes), the first caller
// starts a token request in the background. Without a valid token, all callers wait for
// one request, each as long as its own context allows. A call does not fail because of a
// token request that was sent before the call was made. If the context of the call ends
// while it waits, its error also contains the last failure, which may be older. When a
// [Client] receives a 401, its source drops the token, and later calls do not receive a
// token that was requested while the dropped token was in use. The source keeps the token
// if the server seems to refuse only one operation.
//
// Source: docs.upvest.co, "Authentication".
type TokenSource struct {
	tokens *refresh.Source[*oauth2.Token]
	// clock is the clock of the client that made this source. Other clients that use this
	// source share the offset of this clock.
	clock *clock.Clock
}

func newTokenSource(c *core, credentials Credentials) *TokenSource {
	return &TokenSource{
		tokens: &refresh.Source[*oauth2.Token]{
			Now:    c.clock.Local,
			Jitter: c.random.upTo,
			Fetch: func(ctx context.Context) (refresh.Grant[*oauth2.Token], error) {
				return c.fetchToken(ctx, credentials)
			},
		},
		clock: c.clock,
	}
}

// Format prints a fixed text for every verb. It therefore shows no token, and reads no
// field that another goroutine may be changing.
func (*TokenSource) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "{TokenSource}") }

var errNoTokenSource = errors.New("the token source is nil: create one with NewTokenSource")

// Token returns a valid token. It calls TokenContext with [context.Background].
func (s *TokenSource) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

// TokenContext returns a valid token, from memory or from the server. If the token
// request fails, it returns an *[Error] whose Operation is "token". If the context ends,
// this caller stops waiting, and receives the error of the context; other callers keep
// waiting.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	switch {
	case s == nil || s.tokens == nil:
		return nil, errNoTokenSource
	case ctx == nil:
		return nil, errNoContext
	}
	return s.tokens.Get(ctx)
}

// Forget drops the given token, which the server has refused. It also drops a token that
// was requested while an earlier token was still in use, because both tokens may have
// been revoked together.
func (s *TokenSource) Forget(accessToken string) {
	if s == nil || s.tokens == nil {
		return
	}
	s.tokens.Drop(func(token *oauth2.Token) bool { return token.AccessToken == accessToken })
}

// fetchToken requests a token with the same loop as every other call.
func (c *core) fetchToken(
	ctx context.Context, credentials Credentials,
) (refresh.Grant[*oauth2.Token], error) {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {credentials.ClientID.String()},
		"client_secret": {credentials.ClientSecret},
		"scope":         {strings.Join(credentials.Scopes, " ")},
	}.Encode()
	var received tokenResponse
	var sent time.Time
	settings := c.settings
	settings.timeout = 0
	err := c.attempts(ctx, newError(tokenOperation, settings), exchange{
		operation: tokenOperation,
		settings:  settings,
		send: func(ctx context.Context, _ *oauth2.Token, now time.Time) (*http.Response, error) {
			sent = c.clock.Local()
			return c.send(ctx, message{
				method:      http.MethodPost,
				path:        "/auth/token",
				contentType: "application/x-www-form-urlencoded",
				body:        []byte(form),
			}, func(ctx context.Context, req *http.Request) error { return c.signer.signAt(ctx, req, now) })
		},
		accept: func(response *Response) error {
			received = tokenResponse{}
			return received.read(response)
		},
	})
	if err != nil {
		return refresh.Grant[*oauth2.Token]{Sent: sent}, err
	}
	life := received.lifetime()
	granted := &oauth2.Token{AccessToken: received.AccessToken, TokenType: jsonText(received.TokenType)}
	if life > 0 {
		granted.Expiry = sent.Add(life)
		granted.ExpiresIn = int64(life / time.Second)
	}
	granted = granted.WithExtra(map[string]any{"scope": jsonText(received.Scope)})
	return refresh.Grant[*oauth2.Token]{Value: granted, Life: life, Sent: sent}, nil
}

// tokenResponse is the body of a token response. Servers send the lifetime as a string or
// as a number. A token is accepted even if its lifetime cannot be read.
type tokenResponse struct {
	AccessToken string          `json:"access_token"`
	TokenType   json.RawMessage `json:"token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
	Scope       json.RawMessage `json:"scope"`
	Error       json.RawMessage `json:"error"` // some servers send it with status 200
}

func (t *tokenResponse) read(response *Response) error {
	if err := wire.Decode(response.Body, t); err != nil {
		return err
	}
	if jsonText(t.Error) != "" {
		return errors.New("the response is an error of OAuth 2.0")
	}
	return checkToken(t.AccessToken)
}

// lifetime reads expires_in, in seconds. It returns 0 if expires_in is missing, malformed
// or not positive.
func (t *tokenResponse) lifetime() time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	text := strings.TrimSpace(strings.Trim(string(t.ExpiresIn), `"`))
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return max(1, time.Duration(min(seconds, longest.Seconds())*float64(time.Second)))
}

// jsonText returns the value of a JSON string, or "" for any other JSON.
func jsonText(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text)
	return text
}

// maxTokenRequests limits how many calls can request a token at the same time if the
// token source takes no context.
const maxTokenRequests = 8

// tokenFrom gets a token from a source. It passes the context if the source has the
// method TokenContext.
func tokenFrom(
	ctx context.Context, source oauth2.TokenSource, slots refresh.Slots, clientSecret string,
) (*oauth2.Token, error) {
	var token *oauth2.Token
	var err error
	withContext, ok := source.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	})
	if ok {
		token, err = withContext.TokenContext(ctx)
	} else {
		token, err = refresh.Within(ctx, slots, source.Token)
	}
	switch {
	case err != nil:
		return nil, sealTokenError(source, err, clientSecret)
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
		return errors.New("access_token contains a character that is not allowed in a token")
	}
	return nil
}

// sealTokenError hides secrets in the error of a caller's source. It does not use the
// text of an x/oauth2 error, which quotes the whole response.
func sealTokenError(source oauth2.TokenSource, err error, clientSecret string) error {
	if _, ours := source.(*TokenSource); ours {
		return err
	}
	echo := transport.EchoOf(clientSecret, &http.Request{})
	var response *oauth2.RetrieveError
	if !errors.As(err, &response) {
		return transport.Seal(err, echo)
	}
	failure := &Error{
		Operation: tokenOperation.id,
		Type:      echo.Hide(response.ErrorCode),
		Detail:    echo.Hide(response.ErrorDescription),
		Body:      response.Body,
	}
	if response.Response != nil {
		failure.Status = response.Response.StatusCode
		failure.transient = isRetryable(failure.Status)
	}
	return failure
}

// stampOf returns the next sequence number for a request with a token of a *TokenSource,
// or 0 for any other source.
func stampOf(source oauth2.TokenSource) uint64 {
	if ours, ok := source.(*TokenSource); ok {
		return ours.tokens.Stamp()
	}
	return 0
}

// forgetToken reports to the token source that the server refused the token of this
// attempt. It returns true if the source may now return a different token. A *TokenSource
// keeps the token if the server refuses only this operation.
func (r *result) forgetToken(source oauth2.TokenSource) bool {
	if ours, ok := source.(*TokenSource); ok {
		return ours.tokens.Refuse(r.Operation, r.hasToken)
	}
	forgetful, ok := source.(interface{ Forget(accessToken string) })
	if ok {
		forgetful.Forget(r.token.AccessToken)
	}
	return ok
}

// reportSecondRefusal reports to a *TokenSource that the server refused the operation
// again in the extra attempt after a 401.
func (r *result) reportSecondRefusal(source oauth2.TokenSource) {
	if ours, ok := source.(*TokenSource); ok {
		ours.tokens.RefuseForGood(r.Operation)
	}
}

// hasToken reports whether the attempt was sent with the given token.
func (r *result) hasToken(token *oauth2.Token) bool {
	return token.AccessToken == r.token.AccessToken
}

// learn reports a successful attempt to a *TokenSource. After a 403 with a problem
// document, it starts a renewal of the token.
func (r *result) learn(source oauth2.TokenSource) {
	ours, ok := source.(*TokenSource)
	switch {
	case !ok || r.token == nil:
	case r.ok:
		ours.tokens.Confirm(r.token, r.stamp)
	case r.Status == http.StatusForbidden && wire.IsProblem(r.response.Body):
		// A scope may have been granted after the token was issued.
		ours.tokens.Renew(r.token)
	}
}
