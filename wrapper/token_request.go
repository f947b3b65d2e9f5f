package wrapper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenOperation is a GET to the retry loop: a token that nobody gets to see changes nothing.
var tokenOperation = operation{id: "token", method: http.MethodGet}

// fetchToken requests a token. x/oauth2 makes the request and reads the answer; our loop in between signs and repeats it.
func (c *core) fetchToken(ctx context.Context, credentials Credentials) (*oauth2.Token, error) {
	var answer Response
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		form, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, fmt.Errorf("read the form of the token request: %w", err)
		}
		loop := c.settings
		loop.response, loop.timeout = &answer, 0
		err = c.attempts(req.Context(), exchange{
			operation: tokenOperation,
			settings:  loop,
			prepare:   func(context.Context) error { return nil },
			send:      func(ctx context.Context) (*http.Response, error) { return c.sendForm(ctx, req, form) },
			accept: func(body []byte) error {
				var token struct {
					AccessToken string `json:"access_token"`
				}
				err := decode(body, &token)
				if err == nil {
					err = checkToken(token.AccessToken)
				}
				return err
			},
			renew: c.clock.learn,
		})
		if err != nil {
			return nil, err
		}
		header := http.Header{"Content-Type": {"application/json"}} // as was seen; x/oauth2 would read text/plain as a form
		return &http.Response{StatusCode: answer.Status, Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)), Request: req}, nil
	})
	grant := clientcredentials.Config{
		ClientID:     credentials.ClientID.String(),
		ClientSecret: credentials.ClientSecret,
		TokenURL:     c.baseURL + "/auth/token",
		Scopes:       credentials.Scopes,
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	token, err := grant.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: transport}))
	if err == nil {
		return token, nil
	}
	var failure *Error
	if errors.As(err, &failure) {
		return nil, failure
	}
	return nil, &Error{
		Operation: tokenOperation.id, Status: answer.Status, RequestID: answer.Header.Get("upvest-request-id"), Body: answer.Body,
		Err: errors.New("the answer is not a token"),
	}
}

// sendForm sends one attempt of a token request, signed like any other.
func (c *core) sendForm(ctx context.Context, original *http.Request, form []byte) (*http.Response, error) {
	req := original.Clone(ctx)
	req.Body = io.NopCloser(bytes.NewReader(form))
	for _, edit := range append(c.commonEditors(), c.signer.Sign) {
		if err := edit(ctx, req); err != nil {
			return nil, err
		}
	}
	return c.doer.Do(req)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }
