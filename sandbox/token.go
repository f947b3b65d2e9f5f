package sandbox

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
)

// token is what is known of an access token that was granted.
type token struct {
	client  uuid.UUID
	scopes  []string
	expires time.Time
}

// How long an expired token is remembered, so that the answer can say that it expired.
const expiredTokenMemory = time.Hour

// grantToken answers POST /auth/token (docs.upvest.co, Authentication): OAuth 2.0 client credentials.
func (s *Sandbox) grantToken(x *exchange) *answer {
	granted, p := s.checkTokenForm(x)
	if p != nil {
		return p.answer(x.requestID)
	}
	now := s.config.clock.Now()
	value := "ory_at_" + randomText() + "." + randomText()
	granted.expires = now.Add(s.config.tokenLifetime)
	s.tokens.Add(value, granted, 1, now, granted.expires.Add(expiredTokenMemory))
	// Strings and a number only: this cannot fail.
	body, _ := json.Marshal(struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
		TokenType   string `json:"token_type"`
	}{value, int64(s.config.tokenLifetime / time.Second), strings.Join(granted.scopes, " "), "bearer"})
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}, "Cache-Control": {"no-store"}}, body: body}
}

// checkTokenForm checks the form fields and decides what to grant: of the scopes that were asked for, those that the client is allowed.
func (s *Sandbox) checkTokenForm(x *exchange) (token, *problem) {
	form, err := url.ParseQuery(string(x.body))
	if err != nil {
		// The error of the parser repeats what it could not read, which may be the secret.
		return token{}, refuse(http.StatusBadRequest, "the body is not a form")
	}
	for _, field := range []string{"client_id", "client_secret", "grant_type", "scope"} {
		if values := form[field]; len(values) != 1 || values[0] == "" {
			return token{}, refuse(http.StatusBadRequest, "form field %s is there %d times or empty, expected one value", field, len(values))
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return token{}, refuse(http.StatusBadRequest, "form field grant_type is %q, expected client_credentials", grant)
	}
	if id, err := uuid.Parse(form.Get("client_id")); err != nil || id != x.client.ID {
		return token{}, refuse(http.StatusUnauthorized, "form field client_id is not the client of the header upvest-client-id")
	}
	if !sameSecret(form.Get("client_secret"), x.client.Secret) {
		return token{}, refuse(http.StatusUnauthorized, "form field client_secret is not the secret of this client")
	}
	granted := token{client: x.client.ID}
	for _, scope := range strings.Fields(form.Get("scope")) {
		if !s.contract.scopes[scope] {
			return token{}, refuse(http.StatusBadRequest, "form field scope: %q is not a documented scope", scope)
		}
		if slices.Contains(x.client.Scopes, scope) && !slices.Contains(granted.scopes, scope) {
			granted.scopes = append(granted.scopes, scope)
		}
	}
	if len(granted.scopes) == 0 {
		return token{}, refuse(http.StatusUnauthorized, "form field scope: the client is allowed none of these, only %s",
			strings.Join(x.client.Scopes, " "))
	}
	return granted, nil
}

// checkToken wants an access token of this client that has not expired.
func (s *Sandbox) checkToken(x *exchange) *problem {
	if x.route.isToken() {
		return nil
	}
	values := x.request.Header.Values("Authorization")
	value, isBearer := strings.CutPrefix(strings.Join(values, ", "), "Bearer ")
	if !isBearer {
		return refuse(http.StatusUnauthorized, "header authorization is not of the form Bearer <access token>")
	}
	now := s.config.clock.Now()
	granted, ok := s.tokens.Get(value, now)
	switch {
	case !ok:
		return refuse(http.StatusUnauthorized, "the access token is not known")
	case !now.Before(granted.expires):
		return refuse(http.StatusUnauthorized, "the access token expired at %s", granted.expires.Format(time.RFC3339))
	case granted.client != x.client.ID:
		return refuse(http.StatusUnauthorized, "the access token belongs to another client")
	default:
		x.token = granted
		return nil
	}
}

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
