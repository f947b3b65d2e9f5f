package wrapper

import (
	"crypto"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// Credentials identify one API client at Upvest, and contain the key that signs its
// requests. fmt, log/slog and encoding/json write credentials without their secrets.
// Printers that read fields instead of calling methods show the secrets. If a struct has
// credentials in an unexported field, fmt shows their secrets as well: do not print such
// a struct.
//
// Source: docs.upvest.co, "Authentication" and "HTTP message signatures".
type Credentials struct {
	// BaseURL is the URL of the server: https, or http for a loopback address. If it is
	// empty, the client uses Upvest's sandbox, https://sandbox.upvest.co. At
	// portfolios.ServerURLLive, orders move real money.
	BaseURL string
	// ClientID is the ID of the API client, sent as upvest-client-id.
	ClientID uuid.UUID
	// ClientSecret is the OAuth 2.0 secret of the API client.
	ClientSecret string
	// KeyID identifies the public key that Upvest received, and becomes the keyid of each
	// signature.
	KeyID string
	// PrivateKey signs requests: an Ed25519 or ECDSA P-521 key, from [ParsePrivateKey] or
	// kept in a KMS or HSM.
	PrivateKey crypto.Signer
	// Scopes are requested with the token: portfolios:read to read, portfolios:admin to
	// read and write.
	Scopes []string
}

// Format prints the credentials without their secrets, for every verb.
func (c Credentials) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state,
		"{BaseURL:%s ClientID:%s ClientSecret:(hidden) KeyID:%s PrivateKey:(hidden) Scopes:%v}",
		c.BaseURL, c.ClientID, c.KeyID, c.Scopes)
}

// MarshalText returns the text that fmt prints, which is also what encoding/json writes.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs the text that fmt prints.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// check returns an error with one line for each problem that it finds, or nil. It does
// not check KeyID and PrivateKey, because [NewSigner] does.
func (c Credentials) check() error {
	var problems []error
	if c.BaseURL != "" {
		problems = append(problems, validate.BaseURL(c.BaseURL))
	}
	if c.ClientID == uuid.Nil {
		problems = append(problems, errors.New("ClientID is missing: "+
			"set the UUID that Upvest gave to your API client"))
	}
	if c.ClientSecret == "" {
		problems = append(problems, errors.New("ClientSecret is missing: "+
			"set the secret that Upvest gave to your API client"))
	}
	if err := validate.ClientSecret(c.ClientSecret); err != nil {
		problems = append(problems, fmt.Errorf("ClientSecret: %w", err))
	}
	if len(c.Scopes) == 0 {
		problems = append(problems, errors.New("the list Scopes is empty: "+
			"name portfolios:read to read, portfolios:admin to read and write"))
	}
	for i, scope := range c.Scopes {
		if err := validate.Scope(scope); err != nil {
			problem := fmt.Errorf("the entry %d of Scopes is not a single scope: %w", i, err)
			problems = append(problems, problem)
		}
	}
	return errors.Join(problems...)
}
