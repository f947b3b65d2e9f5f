// Package tokens grants and checks access tokens (docs.upvest.co, Authentication: OAuth
// 2.0 client credentials).
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

const (
	maxTokens = 100_000
	// expiredMemory is how long an expired token is kept, so that a refusal can report
	// that the token has expired.
	expiredMemory = time.Hour
)

// Tokens stores the tokens that were granted. It is safe for concurrent use.
type Tokens struct {
	lifetime time.Duration
	// documented has an entry for every scope that the contract declares.
	documented map[string]bool
	granted    *expiring.Store[string, token]
}

// token is an access token that was granted.
type token struct {
	client  uuid.UUID
	scopes  []string
	expires time.Time
}

// New returns an empty store. Each token is valid for the given lifetime, and can have
// only documented scopes.
func New(lifetime time.Duration, documented map[string]bool) *Tokens {
	return &Tokens{
		lifetime:   lifetime,
		documented: documented,
		granted:    expiring.New[string, token](maxTokens),
	}
}

// Client is an API client that requests a token. Scopes are the scopes that the client
// may request.
type Client struct {
	ID     uuid.UUID
	Secret string
	Scopes []string
}

// FormClient returns the client_id of a form, or "" if the form has none. Some signers
// send the client id only in the form, and not in the header upvest-client-id.
func FormClient(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("client_id")
}

// Grant responds to POST /auth/token: it checks the form in the body, and grants a token.
func (t *Tokens) Grant(c Client, body []byte, now time.Time) (*response.Response, *response.Problem) {
	granted, problem := t.checkForm(c, body)
	if problem != nil {
		return nil, problem
	}
	value := "ory_at_" + randomText() + "." + randomText()
	granted.expires = now.Add(t.lifetime)
	t.granted.Add(value, granted, now, granted.expires.Add(expiredMemory))
	//nolint:errchkjson // strings and a number cannot fail
	body, _ = json.Marshal(struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
		TokenType   string `json:"token_type"`
	}{
		AccessToken: value,
		ExpiresIn:   int64(t.lifetime / time.Second),
		Scope:       strings.Join(granted.scopes, " "),
		TokenType:   "bearer",
	})
	header := http.Header{"Content-Type": {response.JSON}, "Cache-Control": {"no-store"}}
	return &response.Response{Status: http.StatusOK, Header: header, Body: body}, nil
}

// checkForm checks the form fields, and returns the token to grant.
func (t *Tokens) checkForm(c Client, body []byte) (token, *response.Problem) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		// The error of the parser is not shown, because it repeats a part of the body,
		// and this part may contain the secret.
		return token{}, response.Refuse(http.StatusBadRequest, "the body is not a form")
	}
	for _, field := range []string{"client_id", "client_secret", "grant_type", "scope"} {
		if values := form[field]; len(values) != 1 || values[0] == "" {
			return token{}, response.Refuse(http.StatusBadRequest,
				"form field %s appears %d times or is empty, expected one value", field, len(values))
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return token{}, response.Refuse(http.StatusBadRequest,
			"form field grant_type is %q, expected client_credentials", grant)
	}
	if id, err := strict.UUID(form.Get("client_id")); err != nil || id != c.ID {
		return token{}, response.Refuse(http.StatusUnauthorized,
			"form field client_id is not the client that the header upvest-client-id names")
	}
	if !sameSecret(form.Get("client_secret"), c.Secret) {
		return token{}, response.Refuse(http.StatusUnauthorized,
			"form field client_secret is not the secret of this client")
	}
	scopes, problem := t.grantable(c, strings.Fields(form.Get("scope")))
	return token{client: c.ID, scopes: scopes}, problem
}

// grantable returns the requested scopes that the client may have. It refuses a scope
// that is not documented, and a request in which the client may have none of the scopes.
func (t *Tokens) grantable(c Client, requested []string) ([]string, *response.Problem) {
	var scopes []string
	for _, scope := range requested {
		if !t.documented[scope] {
			return nil, response.Refuse(http.StatusBadRequest,
				"form field scope: %q is not a documented scope", scope)
		}
		if slices.Contains(c.Scopes, scope) && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, response.Refuse(http.StatusUnauthorized,
			"form field scope: the client may request none of these scopes, only %s",
			strings.Join(c.Scopes, " "))
	}
	return scopes, nil
}

// Check requires a valid access token of this client in the header `authorization`, and
// returns the scopes of the token.
func (t *Tokens) Check(
	client uuid.UUID, authorization []string, now time.Time,
) ([]string, *response.Problem) {
	value, isBearer := strings.CutPrefix(strings.Join(authorization, ", "), "Bearer ")
	if !isBearer {
		return nil, response.Refuse(http.StatusUnauthorized,
			"header authorization is not of the form Bearer <access token>")
	}
	granted, ok := t.granted.Get(value, now)
	switch {
	case !ok:
		return nil, response.Refuse(http.StatusUnauthorized, "the access token is not known")
	case !now.Before(granted.expires):
		return nil, response.Refuse(http.StatusUnauthorized,
			"the access token expired at %s", granted.expires.Format(time.RFC3339))
	case granted.client != client:
		return nil, response.Refuse(http.StatusUnauthorized, "the access token belongs to a different client")
	default:
		return granted.scopes, nil
	}
}

// Revoke makes all tokens invalid.
func (t *Tokens) Revoke() { t.granted.Clear() }

// sameSecret compares two strings of any length in constant time.
func sameSecret(a, b string) bool {
	hashA := sha256.Sum256([]byte(a))
	hashB := sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(hashA[:], hashB[:]) == 1
}

func randomText() string {
	random := make([]byte, 32)
	// rand.Read never returns an error. If it fails, it ends the program.
	_, _ = rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random)
}
