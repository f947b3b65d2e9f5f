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
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// requireParts checks that an error says all of it.
func requireParts(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", want)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want it to hold %q", err, part)
		}
	}
}

func TestNewRefusesBadCredentials(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := func(signer crypto.Signer) func(*upvest.Credentials) {
		return func(c *upvest.Credentials) { c.PrivateKey = signer }
	}
	base := func(text string) func(*upvest.Credentials) { return func(c *upvest.Credentials) { c.BaseURL = text } }
	scopes := func(names ...string) func(*upvest.Credentials) {
		return func(c *upvest.Credentials) { c.Scopes = names }
	}
	const keyFix, urlFix = "ECDSA", "use one like https://sandbox.upvest.co"
	for name, test := range map[string]struct {
		change func(*upvest.Credentials)
		want   []string // field and fix
	}{
		"no secret": {
			change: func(c *upvest.Credentials) { c.ClientSecret = "" },
			want:   []string{"ClientSecret is", "set the secret"},
		},
		"no client id": {
			change: func(c *upvest.Credentials) { c.ClientID = uuid.Nil },
			want:   []string{"ClientID is missing", "set the UUID"},
		},
		"no key id": {
			change: func(c *upvest.Credentials) { c.KeyID = "" },
			want:   []string{"KeyID is missing", "set the ID"},
		},
		"a key id with a quote": {
			change: func(c *upvest.Credentials) { c.KeyID = `a"b` },
			want:   []string{"KeyID", "use printable ASCII"},
		},
		"no scopes": {change: scopes(), want: []string{"Scopes is empty", "portfolios:read"}},
		"an empty scope": {
			change: scopes("portfolios:read", ""),
			want:   []string{"entry 1 of Scopes", "its own entry"},
		},
		"two scopes in one": {
			change: scopes("portfolios:read portfolios:admin"),
			want:   []string{"entry 0 of Scopes", "its own entry"},
		},
		"two scopes with a comma": {
			change: scopes("portfolios:read,portfolios:admin"),
			want:   []string{"entry 0 of Scopes", "its own entry"},
		},
		"a scope with a line end": {
			change: scopes("portfolios:read\n"),
			want:   []string{"entry 0 of Scopes", "its own entry"},
		},
		"no key":     {change: key(nil), want: []string{"PrivateKey", "missing", keyFix}},
		"an RSA key": {change: key(rsaKey), want: []string{"PrivateKey", "RSA", keyFix}},
		"a nil ECDSA key": {
			change: key((*ecdsa.PrivateKey)(nil)),
			want:   []string{"PrivateKey", keyFix},
		},
		"a zero ECDSA key": {change: key(&ecdsa.PrivateKey{}), want: []string{"PrivateKey", keyFix}},
		"a nil Ed25519 key": {
			change: key(ed25519.PrivateKey(nil)),
			want:   []string{"PrivateKey", keyFix},
		},
		"a short Ed25519 key": {
			change: key(ed25519.PrivateKey("short")),
			want:   []string{"PrivateKey", keyFix},
		},
		"a nil pointer to Ed25519": {
			change: key((*ed25519.PrivateKey)(nil)),
			want:   []string{"PrivateKey", keyFix},
		},
		"a nil RSA key": {
			change: key((*rsa.PrivateKey)(nil)),
			want:   []string{"PrivateKey", keyFix},
		},
		"http": {
			change: base("http://api.upvest.co"),
			want:   []string{"BaseURL is not https", "loopback"},
		},
		"http on a near loopback": {
			change: base("http://localhost.example"),
			want:   []string{"BaseURL is not https", "loopback"},
		},
		"http on all interfaces": {
			change: base("http://0.0.0.0:8080"),
			want:   []string{"BaseURL is not https", "loopback"},
		},
		"another scheme": {
			change: base("ftp://api.upvest.co"),
			want:   []string{"BaseURL is not https"},
		},
		"no scheme":             {change: base("api.upvest.co"), want: []string{"BaseURL", urlFix}},
		"only a path":           {change: base("/portfolios"), want: []string{"BaseURL", urlFix}},
		"no host":               {change: base("https:///portfolios"), want: []string{"BaseURL", urlFix}},
		"a port without a host": {change: base("https://:443"), want: []string{"BaseURL", urlFix}},
		"a blank":               {change: base(" "), want: []string{"BaseURL", urlFix}},
		"a bad escape": {
			change: base("https://api.upvest.co/%zz"),
			want:   []string{"BaseURL", urlFix},
		},
		"a user": {
			change: base("https://me:hush@api.upvest.co"),
			want:   []string{"BaseURL", "leave out user, query and fragment"},
		},
		"a query": {
			change: base("https://api.upvest.co?a=hush"),
			want:   []string{"BaseURL", "leave out user, query and fragment"},
		},
		"an empty query": {
			change: base("https://api.upvest.co?"),
			want:   []string{"BaseURL", "leave out user, query and fragment"},
		},
		"a fragment": {
			change: base("https://api.upvest.co/#hush"),
			want:   []string{"BaseURL", "leave out user, query and fragment"},
		},
		"an empty fragment": {
			change: base("https://api.upvest.co/#"),
			want:   []string{"BaseURL", "leave out user, query and fragment"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			credentials := testCredentials(t)
			test.change(&credentials)
			client, err := upvest.New(credentials)
			requireParts(t, err, append(test.want, "make an Upvest client: ")...)
			if client != nil {
				t.Error("there is a client beside the error")
			}
			source, err := upvest.NewTokenSource(credentials)
			requireParts(t, err, append(test.want, "make an Upvest token source: ")...)
			if source != nil {
				t.Error("there is a token source beside the error")
			}
			for _, secret := range []string{"test-secret", "hush"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q holds a value", err)
				}
			}
		})
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	const negative = " is negative: use 0 for the default"
	retry := func(policy upvest.RetryPolicy) upvest.ClientOption { return upvest.WithRetry(policy) }
	for name, test := range map[string]struct {
		option upvest.ClientOption
		want   string
	}{
		"nil":              {want: "an option is nil"},
		"nil HTTP client":  {option: upvest.WithHTTPClient(nil), want: "HTTP client: nil pointer"},
		"nil token source": {option: upvest.WithTokenSource(nil), want: "token source: nil"},
		"nil limiter":      {option: upvest.WithLimiter(nil), want: "limiter: nil"},
		"nil logger":       {option: upvest.WithLogger(nil), want: "logger: nil pointer"},
		"nil hook": {
			option: upvest.WithAttemptHook(nil),
			want:   "attempt hook: nil function",
		},
		"nil signature base": {
			option: upvest.WithSignatureBase(nil),
			want:   "signature base: nil function",
		},
		"nil clock":         {option: upvest.WithClock(nil), want: "clock: nil function"},
		"nil random source": {option: upvest.WithRandom(nil), want: "random source: nil"},
		"empty user agent": {
			option: upvest.WithUserAgent(""),
			want:   "user agent: use printable ASCII",
		},
		"user agent with a line end": {
			option: upvest.WithUserAgent("a\r\nx-evil: 1"),
			want:   "user agent: use printable ASCII",
		},
		"negative timeout": {
			option: upvest.WithTimeout(-time.Second),
			want:   "timeout: use a positive duration",
		},
		"zero timeout": {
			option: upvest.WithTimeout(0),
			want:   "timeout: use a positive duration",
		},
		"negative attempts": {
			option: retry(upvest.RetryPolicy{MaxAttempts: -1}),
			want:   "MaxAttempts" + negative,
		},
		"negative base delay": {
			option: retry(upvest.RetryPolicy{BaseDelay: -1}),
			want:   "BaseDelay" + negative,
		},
		"negative delay": {
			option: retry(upvest.RetryPolicy{MaxDelay: -1}),
			want:   "MaxDelay" + negative,
		},
		"negative Retry-After": {
			option: retry(upvest.RetryPolicy{MaxRetryAfter: -1}),
			want:   "MaxRetryAfter" + negative,
		},
		"negative attempt timeout": {
			option: retry(upvest.RetryPolicy{AttemptTimeout: -1}),
			want:   "AttemptTimeout" + negative,
		},
		"base above bound": {
			option: retry(upvest.RetryPolicy{BaseDelay: 2, MaxDelay: 1}),
			want:   "BaseDelay is longer than MaxDelay",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := upvest.New(testCredentials(t), test.option)
			requireParts(t, err, test.want)
			if client != nil {
				t.Error("there is a client beside the error")
			}
		})
	}
}

func TestNewSignerRefusesLifetimes(t *testing.T) {
	for _, lifetime := range []time.Duration{1500 * time.Millisecond, time.Millisecond, -time.Second} {
		_, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t), Lifetime: lifetime})
		requireParts(t, err, "signature lifetime: use whole seconds, at least one")
	}
}

func TestSignerConfigPrintsNoKey(t *testing.T) {
	config := upvest.SignerConfig{KeyID: "key-7", PrivateKey: testKey(t), Lifetime: time.Second}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, config); text != "{KeyID:key-7 PrivateKey:(hidden) Lifetime:1s}" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestNewNamesEverythingAtOnce(t *testing.T) {
	_, err := upvest.New(upvest.Credentials{BaseURL: "http://api.upvest.co"},
		upvest.WithHTTPClient(nil), nil, upvest.WithTimeout(0), upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1}))
	requireParts(t, err,
		"BaseURL", "ClientID", "ClientSecret", "Scopes", "KeyID", "HTTP client", "an option is nil", "timeout", "MaxAttempts")
	_, err = upvest.New(upvest.Credentials{KeyID: "key"})
	requireParts(t, err, "ClientID", "ClientSecret", "Scopes", "PrivateKey")
}

func TestNewAcceptsServers(t *testing.T) {
	for base, want := range map[string]string{
		"":                               "https://sandbox.upvest.co",
		"https://api.upvest.co":          "https://api.upvest.co",
		"https://api.upvest.co/":         "https://api.upvest.co",
		"HTTPS://api.upvest.co":          "https://api.upvest.co",
		"https://gateway.example/upvest": "https://gateway.example/upvest",
		"http://127.0.0.1:8080":          "http://127.0.0.1:8080",
		"http://127.8.9.10":              "http://127.8.9.10",
		"http://[::1]:8080":              "http://[::1]:8080",
		"http://localhost:8080":          "http://localhost:8080",
	} {
		t.Run(base, func(t *testing.T) {
			var urls []string
			credentials := testCredentials(t)
			credentials.BaseURL = base
			client, err := upvest.New(credentials, upvest.WithHTTPClient(&http.Client{
				Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
					urls = append(urls, req.URL.String())
					if len(urls) == 1 {
						return tokenAnswer(), nil
					}
					return answer(http.StatusOK, "application/json", orderBody), nil
				}),
			}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Orders.Retrieve(t.Context(), someOrder); err != nil {
				t.Fatal(err)
			}
			if want := []string{want + "/auth/token", want + "/portfolios/orders/" + someOrder.String()}; !reflect.DeepEqual(urls, want) {
				t.Errorf("requests went to %q, want %q", urls, want)
			}
		})
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
			t.Errorf("%s: %v", curve.Params().Name, err)
		}
	}
}

func TestNewLeavesTheHTTPClientAsItIs(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := stub(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusFound, "", "", "Location", "https://elsewhere.test/"), nil
	})
	own.Jar = jar
	own.Timeout = time.Minute
	transport := reflect.ValueOf(own.Transport).Pointer()
	before := *own
	client, err := upvest.New(testCredentials(t), upvest.WithHTTPClient(own), upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.Retrieve(t.Context(), someOrder); err == nil {
		t.Error("a redirect passed for an order")
	}
	if own.CheckRedirect != nil || own.Jar != before.Jar || own.Timeout != before.Timeout ||
		reflect.ValueOf(own.Transport).Pointer() != transport {
		t.Errorf("the caller's client was changed to %+v", own)
	}
}

func TestNewLeavesTheDefaultHTTPClientAsItIs(t *testing.T) {
	before := *http.DefaultClient
	if _, err := upvest.New(testCredentials(t)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, *http.DefaultClient) {
		t.Errorf("http.DefaultClient was changed to %+v", http.DefaultClient)
	}
	if transport, ok := http.DefaultTransport.(*http.Transport); !ok || transport.MaxIdleConnsPerHost != 0 {
		t.Error("http.DefaultTransport was changed")
	}
}

func TestUserAgent(t *testing.T) {
	for _, test := range []struct {
		options []upvest.ClientOption
		want    string
	}{
		{want: "upvest-portfolios-go/"},
		{
			options: []upvest.ClientOption{upvest.WithUserAgent("my-service/1.2")},
			want:    "my-service/1.2 upvest-portfolios-go/",
		},
	} {
		var got string
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			got = req.Header.Get("User-Agent")
			return answer(http.StatusOK, "application/json", orderBody), nil
		}, test.options...)
		if _, err := client.Orders.Retrieve(t.Context(), someOrder); err != nil {
			t.Fatal(err)
		}
		if version, ok := strings.CutPrefix(got, test.want); !ok || version == "" || strings.Contains(version, " ") {
			t.Errorf("user-agent is %q, want %q and a version", got, test.want)
		}
	}
}

func TestCallOptionsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		t.Errorf("%s %s was sent", req.Method, req.URL)
		return nil, errors.New("sent")
	}))
	create := func(options ...upvest.CallOption) error {
		_, err := client.Orders.Create(t.Context(), someOrderRequest(), options...)
		return err
	}
	cancel := func(options ...upvest.CallOption) error {
		return client.Orders.Cancel(t.Context(), someOrder, options...)
	}
	for name, test := range map[string]struct {
		call   func(...upvest.CallOption) error
		option upvest.CallOption
		want   string
	}{
		"nil":          {call: create, want: "a call option is nil"},
		"nil response": {call: create, option: upvest.WithResponse(nil), want: "response: nil pointer"},
		"zero key": {
			call:   create,
			option: upvest.WithIdempotencyKey(uuid.Nil),
			want:   "idempotency key: the zero UUID",
		},
		"version 7": {
			call:   create,
			option: upvest.WithIdempotencyKey(uuid.Must(uuid.NewV7())),
			want:   "a UUID of version 7",
		},
		"a key for a PUT": {
			call:   cancel,
			option: upvest.WithIdempotencyKey(uuid.New()),
			want:   "idempotency key: a DELETE takes none",
		},
		"a zero timeout": {
			call:   create,
			option: upvest.WithTimeout(0),
			want:   "timeout: use a positive duration",
		},
		"a negative policy": {
			call:   create,
			option: upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1}),
			want:   "MaxAttempts is negative",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call(test.option)
			requireParts(t, err, test.want)
			var failure *upvest.Error
			if !errors.As(err, &failure) || failure.Outcome != upvest.OutcomeRefused || len(failure.Attempts) != 0 {
				t.Errorf("got %#v, want an *Error of a write that was not sent", err)
			}
		})
	}
}

func TestCredentialsHideSecrets(t *testing.T) {
	credentials := testCredentials(t)
	secrets := secretsOf(credentials.ClientSecret, testKey(t))
	nested := struct{ Credentials upvest.Credentials }{credentials}
	pointer := struct{ Credentials *upvest.Credentials }{&credentials}
	list := []upvest.Credentials{credentials}
	table := map[string]upvest.Credentials{"live": credentials}
	for name, value := range map[string]any{
		"value": credentials, "pointer": &credentials, "nested": nested, "nested pointer": pointer, "list": list, "table": table,
		"wrapped": fmt.Errorf("bad credentials %v, %+v", credentials, &credentials),
	} {
		for format, text := range everyFormat(value) {
			requireNoSecret(t, name+" by "+format, text, secrets)
		}
	}
	for format, text := range everyFormat(credentials) {
		if format != "json.Marshal" && !strings.Contains(text, "ClientID:5ec16164-6173-461d-b90d-116d68f55b40") {
			t.Errorf("%s does not show the client id: %s", format, text)
		}
	}
}

// everyFormat writes a value in every way that programs print and log.
func everyFormat(value any) map[string]string {
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
		slog.New(handler(&text)).InfoContext(context.Background(), "a message", slog.Any("value", value))
		texts[name] = text.String()
	}
	return texts
}
