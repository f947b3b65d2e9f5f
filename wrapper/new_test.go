package wrapper_test

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestNewRefusesInvalidOptions(t *testing.T) {
	const negative = " is negative: use 0 for the default"
	retry := func(policy upvest.RetryPolicy) upvest.ClientOption { return upvest.WithRetry(policy) }
	for name, test := range map[string]struct {
		option upvest.ClientOption
		want   string
	}{
		"nil option":         {want: "an option is nil"},
		"nil HTTP client":    {option: upvest.WithHTTPClient(nil), want: "HTTP client: nil pointer"},
		"nil token source":   {option: upvest.WithTokenSource(nil), want: "token source: nil"},
		"nil limiter":        {option: upvest.WithLimiter(nil), want: "limiter: nil"},
		"nil logger":         {option: upvest.WithLogger(nil), want: "logger: nil pointer"},
		"nil hook":           {option: upvest.WithAttemptHook(nil), want: "attempt hook: nil function"},
		"nil signature base": {option: upvest.WithSignatureBase(nil), want: "signature base: nil function"},
		"nil clock":          {option: upvest.WithClock(nil), want: "clock: nil function"},
		"nil random source":  {option: upvest.WithRandom(nil), want: "random source: nil"},
		"empty user agent":   {option: upvest.WithUserAgent(""), want: "user agent: use printable ASCII"},
		"user agent with a line break": {
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
		"negative maximum delay": {
			option: retry(upvest.RetryPolicy{MaxDelay: -1}),
			want:   "MaxDelay" + negative,
		},
		"negative maximum Retry-After": {
			option: retry(upvest.RetryPolicy{MaxRetryAfter: -1}),
			want:   "MaxRetryAfter" + negative,
		},
		"negative attempt timeout": {
			option: retry(upvest.RetryPolicy{AttemptTimeout: -1}),
			want:   "AttemptTimeout" + negative,
		},
		"base delay above the maximum delay": {
			option: retry(upvest.RetryPolicy{BaseDelay: 2, MaxDelay: 1}),
			want:   "BaseDelay is longer than MaxDelay",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := upvest.New(testCredentials(t), test.option)
			requireText(t, err, test.want)
			if client != nil {
				t.Error("New returned a client and an error, want only the error")
			}
		})
	}
}

func TestNewNamesEveryProblemAtOnce(t *testing.T) {
	_, err := upvest.New(upvest.Credentials{BaseURL: "http://api.upvest.co"},
		upvest.WithHTTPClient(nil),
		nil,
		upvest.WithTimeout(0),
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1}))
	requireText(t, err, "BaseURL", "ClientID", "ClientSecret", "Scopes", "KeyID", "HTTP client",
		"an option is nil", "timeout", "MaxAttempts")
	_, err = upvest.New(upvest.Credentials{KeyID: "key"})
	requireText(t, err, "ClientID", "ClientSecret", "Scopes", "PrivateKey")
}

func TestNewAcceptsBaseURLs(t *testing.T) {
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
			next := grantingTokens(success(orderBody))
			credentials := testCredentials(t)
			credentials.BaseURL = base
			transport := roundTrip(func(req *http.Request) (*http.Response, error) {
				urls = append(urls, req.URL.String())
				return next(req)
			})
			if err := retrieve(t.Context(), newClientWith(t, credentials, transport)); err != nil {
				t.Fatal(err)
			}
			want := []string{want + "/auth/token", want + "/portfolios/orders/" + someOrder.String()}
			if !reflect.DeepEqual(urls, want) {
				t.Errorf("the requests went to %q, want %q", urls, want)
			}
		})
	}
}

func TestNewLeavesTheHTTPClientUnchanged(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &closingTransport{RoundTripper: grantingTokens(
		respond(http.StatusFound, "", "", "Location", "https://elsewhere.test/"))}
	own := &http.Client{Transport: transport, Jar: jar, Timeout: time.Minute}
	client, err := upvest.New(testCredentials(t), upvest.WithHTTPClient(own), upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	if err := retrieve(t.Context(), client); err == nil {
		t.Error("the client accepted a redirect as an order, want an error")
	}
	if own.CheckRedirect != nil || own.Jar != jar || own.Timeout != time.Minute ||
		own.Transport != transport {
		t.Errorf("the caller's HTTP client was changed to %+v, want it unchanged", own)
	}
}

func TestNewLeavesTheDefaultHTTPClientUnchanged(t *testing.T) {
	before := *http.DefaultClient
	if _, err := upvest.New(testCredentials(t)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, *http.DefaultClient) {
		t.Errorf("http.DefaultClient was changed to %+v, want it unchanged", http.DefaultClient)
	}
	if transport, ok := http.DefaultTransport.(*http.Transport); !ok || transport.MaxIdleConnsPerHost != 0 {
		t.Errorf("http.DefaultTransport was changed to %+v, want it unchanged", http.DefaultTransport)
	}
}

func TestUserAgentContainsTheVersion(t *testing.T) {
	for want, options := range map[string][]upvest.ClientOption{
		"upvest-portfolios-go/":                nil,
		"my-service/1.2 upvest-portfolios-go/": {upvest.WithUserAgent("my-service/1.2")},
	} {
		server := scripted(success(orderBody))
		if err := retrieve(t.Context(), newTestClient(t, server.serve, options...)); err != nil {
			t.Fatal(err)
		}
		got := server.requests[0].Header.Get("User-Agent")
		version, ok := strings.CutPrefix(got, want)
		if !ok || version == "" || strings.Contains(version, " ") {
			t.Errorf("user-agent is %q, want %q followed by a version", got, want)
		}
	}
}

func TestCallOptionsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		t.Errorf("the request %s %s was sent, want none", req.Method, req.URL)
		return nil, errors.New("sent")
	}))
	for name, test := range map[string]struct {
		operation string
		option    upvest.CallOption
		want      string
	}{
		"nil call option": {
			operation: "create_portfolios_order",
			want:      "a call option is nil",
		},
		"nil response": {
			operation: "create_portfolios_order",
			option:    upvest.WithResponse(nil),
			want:      "response: nil pointer",
		},
		"a zero key": {
			operation: "create_portfolios_order",
			option:    upvest.WithIdempotencyKey(uuid.Nil),
			want:      "idempotency key: the zero UUID",
		},
		"a key of version 7": {
			operation: "create_portfolios_order",
			option:    upvest.WithIdempotencyKey(uuid.Must(uuid.NewV7())),
			want:      "a UUID of version 7",
		},
		"a key for a DELETE": {
			operation: "cancel_portfolios_order",
			option:    upvest.WithIdempotencyKey(uuid.New()),
			want:      "idempotency key: a DELETE takes no key",
		},
		"a zero timeout": {
			operation: "create_portfolios_order",
			option:    upvest.WithTimeout(0),
			want:      "timeout: use a positive duration",
		},
		"a retry policy with negative attempts": {
			operation: "create_portfolios_order",
			option:    upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1}),
			want:      "MaxAttempts is negative",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := operationNamed(t, test.operation).call(t.Context(), client, test.option)
			requireText(t, err, test.want)
			requireOutcome(t, err, upvest.OutcomeRefused)
			if failure := asError(t, err); len(failure.Attempts) != 0 {
				t.Errorf("the error lists the attempts %+v, want none", failure.Attempts)
			}
		})
	}
}
