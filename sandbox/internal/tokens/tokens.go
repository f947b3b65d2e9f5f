// Package tokens grants access tokens and knows them again (docs.upvest.co, Authentication: OAuth 2.0 client credentials).
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

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
)

const (
	maxTokens = 100_000
	// How long an expired token is remembered, so that the answer can say that it expired.
	expiredMemory = time.Hour
)

// Tokens remembers what was granted. It is safe for concurrent use.
type Tokens struct {
	lifetime time.Duration
	// documented are all scopes that there are.
	documented map[string]bool
	granted    *expiring.Store[string, token]
}

// token is what is known of an access token that was granted.
type token struct {
	client  uuid.UUID
	scopes  []string
	expires time.Time
}

// New returns a memory without a token. Each is good for lifetime.
func New(lifetime time.Duration, documented map[string]bool) *Tokens {
	return &Tokens{lifetime: lifetime, documented: documented, granted: expiring.New[string, token](maxTokens)}
}

// Client is who asks for a token: its secret, and what it is allowed.
type Client struct {
	ID     uuid.UUID
	Secret string
	Scopes []string
}

// FormClient returns what a form says of who asks for a token, for the signers that do not say it in a header.
func FormClient(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("client_id")
}

// Grant answers POST /auth/token.
func (t *Tokens) Grant(c Client, body []byte, now time.Time) (*answer.Answer, *answer.Problem) {
	granted, p := t.checkForm(c, body)
	if p != nil {
		return nil, p
	}
	value := "ory_at_" + randomText() + "." + randomText()
	granted.expires = now.Add(t.lifetime)
	t.granted.Add(value, granted, now, granted.expires.Add(expiredMemory))
	// Strings and a number only: this cannot fail.
	body, _ = json.Marshal(struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
		TokenType   string `json:"token_type"`
	}{value, int64(t.lifetime / time.Second), strings.Join(granted.scopes, " "), "bearer"})
	header := http.Header{"Content-Type": {answer.JSON}, "Cache-Control": {"no-store"}}
	return &answer.Answer{Status: http.StatusOK, Header: header, Body: body}, nil
}

// checkForm checks the form fields and decides what to grant: of the scopes that were asked for, those that the client is allowed.
func (t *Tokens) checkForm(c Client, body []byte) (token, *answer.Problem) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		// The error of the parser repeats what it could not read, which may be the secret.
		return token{}, answer.Refuse(http.StatusBadRequest, "the body is not a form")
	}
	for _, field := range []string{"client_id", "client_secret", "grant_type", "scope"} {
		if values := form[field]; len(values) != 1 || values[0] == "" {
			return token{}, answer.Refuse(http.StatusBadRequest, "form field %s is there %d times or empty, expected one value", field, len(values))
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return token{}, answer.Refuse(http.StatusBadRequest, "form field grant_type is %q, expected client_credentials", grant)
	}
	if id, err := ids.Parse(form.Get("client_id")); err != nil || id != c.ID {
		return token{}, answer.Refuse(http.StatusUnauthorized, "form field client_id is not the client of the header upvest-client-id")
	}
	if !sameSecret(form.Get("client_secret"), c.Secret) {
		return token{}, answer.Refuse(http.StatusUnauthorized, "form field client_secret is not the secret of this client")
	}
	granted := token{client: c.ID}
	for _, scope := range strings.Fields(form.Get("scope")) {
		if !t.documented[scope] {
			return token{}, answer.Refuse(http.StatusBadRequest, "form field scope: %q is not a documented scope", scope)
		}
		if slices.Contains(c.Scopes, scope) && !slices.Contains(granted.scopes, scope) {
			granted.scopes = append(granted.scopes, scope)
		}
	}
	if len(granted.scopes) == 0 {
		return token{}, answer.Refuse(http.StatusUnauthorized, "form field scope: the client is allowed none of these, only %s",
			strings.Join(c.Scopes, " "))
	}
	return granted, nil
}

// Check wants an access token of this client that has not expired in the header authorization, and returns its scopes.
func (t *Tokens) Check(client uuid.UUID, authorization []string, now time.Time) ([]string, *answer.Problem) {
	value, isBearer := strings.CutPrefix(strings.Join(authorization, ", "), "Bearer ")
	if !isBearer {
		return nil, answer.Refuse(http.StatusUnauthorized, "header authorization is not of the form Bearer <access token>")
	}
	granted, ok := t.granted.Get(value, now)
	switch {
	case !ok:
		return nil, answer.Refuse(http.StatusUnauthorized, "the access token is not known")
	case !now.Before(granted.expires):
		return nil, answer.Refuse(http.StatusUnauthorized, "the access token expired at %s", granted.expires.Format(time.RFC3339))
	case granted.client != client:
		return nil, answer.Refuse(http.StatusUnauthorized, "the access token belongs to another client")
	default:
		return granted.scopes, nil
	}
}

// Revoke makes all tokens worthless.
func (t *Tokens) Revoke() { t.granted.Clear() }

// sameSecret takes the same time wherever the two differ, and however long they are.
func sameSecret(a, b string) bool {
	hashA, hashB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(hashA[:], hashB[:]) == 1
}

func randomText() string {
	random := make([]byte, 32)
	// crypto/rand never fails: it ends the program instead.
	_, _ = rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random)
}
