package wrapper_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestNewRefusesInvalidCredentials(t *testing.T) {
	with := func(change func(*upvest.Credentials)) upvest.Credentials {
		credentials := testCredentials(t)
		change(&credentials)
		return credentials
	}
	scopes := func(names ...string) upvest.Credentials {
		return with(func(c *upvest.Credentials) { c.Scopes = names })
	}
	const ownEntry = "its own entry"
	for name, test := range map[string]struct {
		credentials upvest.Credentials
		want        []string // the field, and how to fix it
	}{
		"no secret": {
			credentials: with(func(c *upvest.Credentials) { c.ClientSecret = "" }),
			want:        []string{"ClientSecret is", "set the secret"},
		},
		"no client ID": {
			credentials: with(func(c *upvest.Credentials) { c.ClientID = uuid.Nil }),
			want:        []string{"ClientID is missing", "set the UUID"},
		},
		"no key ID": {
			credentials: with(func(c *upvest.Credentials) { c.KeyID = "" }),
			want:        []string{"KeyID is missing", "set the ID"},
		},
		"a key ID with a quotation mark": {
			credentials: with(func(c *upvest.Credentials) { c.KeyID = `a"b` }),
			want:        []string{"KeyID", "use printable ASCII"},
		},
		"no scopes": {
			credentials: scopes(),
			want:        []string{"Scopes is empty", "portfolios:read"},
		},
		"an empty scope": {
			credentials: scopes("portfolios:read", ""),
			want:        []string{"entry 1 of Scopes", ownEntry},
		},
		"two scopes in one entry": {
			credentials: scopes("portfolios:read portfolios:admin"),
			want:        []string{"entry 0 of Scopes", ownEntry},
		},
		"two scopes in one entry, with a comma": {
			credentials: scopes("portfolios:read,portfolios:admin"),
			want:        []string{"entry 0 of Scopes", ownEntry},
		},
		"a scope with a line break": {
			credentials: scopes("portfolios:read\n"),
			want:        []string{"entry 0 of Scopes", ownEntry},
		},
	} {
		t.Run(name, func(t *testing.T) { requireCredentialsRefused(t, test.credentials, test.want...) })
	}
}

func TestNewRefusesInvalidKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		key  crypto.Signer
		want string
	}{
		"no key":                          {want: "missing"},
		"an RSA key":                      {key: rsaKey, want: "RSA"},
		"a nil RSA key":                   {key: (*rsa.PrivateKey)(nil)},
		"a nil ECDSA key":                 {key: (*ecdsa.PrivateKey)(nil)},
		"a zero ECDSA key":                {key: &ecdsa.PrivateKey{}},
		"an ECDSA key without D":          {key: &ecdsa.PrivateKey{PublicKey: ecdsaKey.PublicKey}},
		"a nil Ed25519 key":               {key: ed25519.PrivateKey(nil)},
		"a short Ed25519 key":             {key: ed25519.PrivateKey("short")},
		"a nil pointer to an Ed25519 key": {key: (*ed25519.PrivateKey)(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			credentials := testCredentials(t)
			credentials.PrivateKey = test.key
			requireCredentialsRefused(t, credentials, "PrivateKey", "ECDSA", test.want)
		})
	}
}

func TestNewRefusesInvalidBaseURLs(t *testing.T) {
	const (
		form     = "use one like https://sandbox.upvest.co"
		notHTTPS = "BaseURL is not https"
		tooMuch  = "leave out user, query and fragment"
	)
	for name, test := range map[string]struct {
		base string
		want []string
	}{
		"http":                     {base: "http://api.upvest.co", want: []string{notHTTPS, "loopback"}},
		"http, almost localhost":   {base: "http://localhost.example", want: []string{notHTTPS, "loopback"}},
		"http on all interfaces":   {base: "http://0.0.0.0:8080", want: []string{notHTTPS, "loopback"}},
		"a scheme other than http": {base: "ftp://api.upvest.co", want: []string{notHTTPS}},
		"no scheme":                {base: "api.upvest.co", want: []string{form}},
		"only a path":              {base: "/portfolios", want: []string{form}},
		"no host":                  {base: "https:///portfolios", want: []string{form}},
		"a port without a host":    {base: "https://:443", want: []string{form}},
		"a space":                  {base: " ", want: []string{form}},
		"an invalid escape":        {base: "https://api.upvest.co/%zz", want: []string{form}},
		"a user and password":      {base: "https://me:hush@api.upvest.co", want: []string{tooMuch}},
		"a query":                  {base: "https://api.upvest.co?a=hush", want: []string{tooMuch}},
		"an empty query":           {base: "https://api.upvest.co?", want: []string{tooMuch}},
		"a fragment":               {base: "https://api.upvest.co/#hush", want: []string{tooMuch}},
		"an empty fragment":        {base: "https://api.upvest.co/#", want: []string{tooMuch}},
	} {
		t.Run(name, func(t *testing.T) {
			credentials := testCredentials(t)
			credentials.BaseURL = test.base
			requireCredentialsRefused(t, credentials, append(test.want, "BaseURL")...)
		})
	}
}

// requireCredentialsRefused checks that the errors of New and NewTokenSource contain all
// parts and no secret.
func requireCredentialsRefused(t *testing.T, credentials upvest.Credentials, parts ...string) {
	t.Helper()
	client, err := upvest.New(credentials)
	requireText(t, err, append(parts, "make an Upvest client: ")...)
	if client != nil {
		t.Error("New returned a client and an error, want only the error")
	}
	source, err := upvest.NewTokenSource(credentials)
	requireText(t, err, append(parts, "make an Upvest token source: ")...)
	if source != nil {
		t.Error("NewTokenSource returned a token source and an error, want only the error")
	}
	for _, secret := range []string{"test-secret", "hush"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error %q contains the secret %q", err, secret)
		}
	}
}

func TestNewAcceptsECDSAKeys(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P521(), elliptic.P256()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		credentials := testCredentials(t)
		credentials.PrivateKey = key
		if _, err := upvest.New(credentials); err != nil {
			t.Errorf("a key on %s: got the error %v, want none", curve.Params().Name, err)
		}
	}
}

func TestCredentialsHideSecrets(t *testing.T) {
	credentials := testCredentials(t)
	secrets := secretsOf(credentials.ClientSecret, testKey(t))
	for name, value := range map[string]any{
		"value":                 credentials,
		"pointer":               &credentials,
		"struct":                struct{ Credentials upvest.Credentials }{credentials},
		"struct with a pointer": struct{ Credentials *upvest.Credentials }{&credentials},
		"list":                  []upvest.Credentials{credentials},
		"map":                   map[string]upvest.Credentials{"live": credentials},
		"wrapped error":         fmt.Errorf("bad credentials %v, %+v", credentials, &credentials),
	} {
		for format, text := range everyFormat(t.Context(), value) {
			requireNoSecret(t, "the "+name+" formatted by "+format, text, secrets)
		}
	}
	const shown = "ClientID:5ec16164-6173-461d-b90d-116d68f55b40"
	for format, text := range everyFormat(t.Context(), credentials) {
		if format != "json.Marshal" && !strings.Contains(text, shown) {
			t.Errorf("credentials formatted by %s are %q, want them to contain %q", format, text, shown)
		}
	}
}

// everyFormat formats a value with several verbs of fmt, with encoding/json, and with the
// text and JSON handlers of log/slog.
func everyFormat(ctx context.Context, value any) map[string]string {
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts[verb] = fmt.Sprintf(verb, value)
	}
	if encoded, err := json.Marshal(value); err == nil {
		texts["json.Marshal"] = string(encoded)
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"slog JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var text bytes.Buffer
		slog.New(handler(&text)).InfoContext(ctx, "a message", slog.Any("value", value))
		texts[name] = text.String()
	}
	return texts
}
