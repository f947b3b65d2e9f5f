package wrapper

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// tokenOperation is a GET to the retry loop: a token that nobody gets to see changes nothing.
var tokenOperation = operation{id: "token", method: http.MethodGet}

// tokenAnswer is the body of a token answer. The lifetime is text or a number, and one that is neither is not worth a token.
type tokenAnswer struct {
	AccessToken string          `json:"access_token"`
	TokenType   json.RawMessage `json:"token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
	Scope       json.RawMessage `json:"scope"`
	Error       json.RawMessage `json:"error"` // where a server sends it with 200
}

// fetchToken requests a token by the same loop as every other call.
func (c *core) fetchToken(ctx context.Context, credentials Credentials, sending func()) (token refresh.Grant[*oauth2.Token], err error) {
	var answer tokenAnswer
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {credentials.ClientID.String()},
		"client_secret": {credentials.ClientSecret}, "scope": {strings.Join(credentials.Scopes, " ")},
	}.Encode()
	settings := c.settings
	settings.timeout, settings.response = 0, new(Response)
	err = c.attempts(ctx, exchange{
		operation: tokenOperation,
		settings:  settings,
		send: func(ctx context.Context, now time.Time) (*http.Response, error) {
			sending()
			return c.send(ctx, http.MethodPost, "/auth/token", "application/x-www-form-urlencoded", []byte(form),
				func(ctx context.Context, req *http.Request) error { return c.signer.signAt(ctx, req, now) })
		},
		accept: func(received *Response) error {
			answer = tokenAnswer{}
			if err := wire.Decode(received.Body, &answer); err != nil {
				return err
			}
			if text(answer.Error) != "" {
				return errors.New("the answer is an error of OAuth 2.0")
			}
			return checkToken(answer.AccessToken)
		},
	})
	if err != nil {
		return token, err
	}
	c.clock.Review(settings.response.Header)
	life := lifeOf(answer.ExpiresIn)
	granted := &oauth2.Token{AccessToken: answer.AccessToken, TokenType: text(answer.TokenType)}
	if life > 0 {
		granted.Expiry, granted.ExpiresIn = c.clock.Local().Add(life), int64(life/time.Second)
	}
	token.Value, token.Life = granted.WithExtra(map[string]any{"scope": text(answer.Scope)}), life
	return token, nil
}

// lifeOf reads expires_in, seconds. One that is missing, odd or negative says nothing.
func lifeOf(expiresIn json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(expiresIn), `"`), 64)
	const longest = 100 * 365 * 24 * time.Hour
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, longest.Seconds())) * time.Second
}

// text is a JSON string, or nothing.
func text(raw json.RawMessage) (text string) {
	_ = json.Unmarshal(raw, &text) // what is no text says nothing
	return text
}
