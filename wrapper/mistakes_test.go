package wrapper_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// These tests make mistakes that a new user is likely to make. Each error must name the
// mistake and, in most cases, the remedy.

func TestErrorsExplainMistakesInTheEnvironment(t *testing.T) {
	encrypted := string(readKeyFile(t, "p521-sec1-aes256.pem"))
	for name, test := range map[string]struct {
		changes map[string]string
		want    []string
	}{
		"nothing is set": {
			changes: map[string]string{
				envClientID: "", envClientSecret: "", envKeyID: "", envScopes: "", envKey: "",
			},
			want: []string{
				envClientID, envClientSecret, envKeyID, envScopes, "one of " + envKey,
				"set them to what Upvest gave you",
			},
		},
		"the client ID is a name": {
			changes: map[string]string{envClientID: "my-client"},
			want:    []string{envClientID, "not a UUID"},
		},
		"the key file does not exist": {
			changes: map[string]string{envKey: "", envKeyFilename: "/keys/upvest.pem"},
			want:    []string{"/keys/upvest.pem", "no such file"},
		},
		"the path begins with ~": {
			changes: map[string]string{envKey: "", envKeyFilename: "~/upvest.pem"},
			want:    []string{"~/upvest.pem", "~ is not expanded", "write the whole path"},
		},
		"the variable for the path contains the PEM": {
			changes: map[string]string{envKey: "", envKeyFilename: string(readKeyFile(t, "p521-sec1.pem"))},
			want:    []string{envKeyFilename, "contains the key itself", "set " + envKey},
		},
		"the variable for the PEM contains the path": {
			changes: map[string]string{envKey: "/keys/upvest.pem"},
			want:    []string{envKey, "not PEM", "whole text of the key file"},
		},
		"the passphrase is missing": {
			changes: map[string]string{envKey: encrypted},
			want:    []string{envPassphrase, "encrypted", "give the passphrase"},
		},
		"the passphrase is wrong": {
			changes: map[string]string{envKey: encrypted, envPassphrase: "no"},
			want:    []string{envPassphrase, "wrong"},
		},
		"the key is the public half": {
			changes: map[string]string{envKey: string(readKeyFile(t, "p521-public.pem"))},
			want:    []string{"public key", "give the private key"},
		},
		"the key is RSA": {
			changes: map[string]string{envKey: string(readKeyFile(t, "rsa-pkcs8.pem"))},
			want:    []string{"RSA", "use ECDSA on P-521 or Ed25519"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, test.changes))
			_, err := upvest.FromEnv()
			requireText(t, err, test.want...)
		})
	}
}

func TestErrorsExplainMistakesInTheCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*upvest.Credentials)
		want   []string
	}{
		"the base URL is a host name": {
			change: func(c *upvest.Credentials) { c.BaseURL = "sandbox.upvest.co" },
			want:   []string{"BaseURL is not a URL", "https://sandbox.upvest.co"},
		},
		"the base URL is http": {
			change: func(c *upvest.Credentials) { c.BaseURL = "http://sandbox.upvest.co" },
			want:   []string{"BaseURL is not https"},
		},
		"the scopes are one string": {
			change: func(c *upvest.Credentials) { c.Scopes = []string{"a b"} },
			want:   []string{"Scopes is not a single scope", "own entry"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			credentials := testCredentials(t)
			test.change(&credentials)
			_, err := upvest.New(credentials)
			requireText(t, err, test.want...)
		})
	}
}

func TestErrorsExplainMistakesInAnOrder(t *testing.T) {
	version7 := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	for name, test := range map[string]struct {
		change  func(*portfolios.OrderRequest)
		options []upvest.CallOption
		want    []string
	}{
		"the amount is negative": {
			change: func(r *portfolios.OrderRequest) { r.CashAmount = "-5" },
			want:   []string{"cash_amount is negative", "side"},
		},
		"the amount has a comma": {
			change: func(r *portfolios.OrderRequest) { r.CashAmount = "10,50" },
			want:   []string{"cash_amount is not an amount", "as in 100.00"},
		},
		"the amount is 0": {
			change: func(r *portfolios.OrderRequest) { r.CashAmount = "0.00" },
			want:   []string{"cash_amount is not above 0"},
		},
		"the account is missing": {
			change: func(r *portfolios.OrderRequest) { r.AccountID = uuid.Nil },
			want:   []string{"account_id is missing"},
		},
		"the side is missing": {
			change: func(r *portfolios.OrderRequest) { r.Side = "" },
			want:   []string{"side is missing", "BUY"},
		},
		"the idempotency key has version 7": {
			change:  func(*portfolios.OrderRequest) {},
			options: []upvest.CallOption{upvest.WithIdempotencyKey(version7)},
			want:    []string{"version 7", "IdempotencyKeyFor"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := scripted(success(orderBody))
			request := someOrderRequest()
			test.change(&request)
			_, err := newTestClient(t, server.serve).Orders.Create(t.Context(), request, test.options...)
			requireText(t, err, test.want...)
			server.requireRequests(t, 0)
		})
	}
}

func TestErrorsExplainMistakesInAnAllocation(t *testing.T) {
	_, err := newTestClient(t, nil).Allocations.Create(t.Context(), portfolios.AllocationRequest{
		Name: "A",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "-0.5"},
		},
	})
	requireText(t, err, "allocation[0].weight is negative")
}

// A gateway may send only a status, without an explanation. After a 401 or 403, the text
// of the error adds the usual causes.
func TestErrorsExplainAStatusWithoutAProblemDocument(t *testing.T) {
	for name, test := range map[string]struct {
		token int // status of the token endpoint
		call  int // status of the call
		want  []string
	}{
		"the secret is wrong": {
			token: 401,
			want: []string{
				"token: 401 Unauthorized", "ClientSecret", "PrivateKey does not belong to KeyID", "clock",
				"WithSignatureBase",
			},
		},
		"the private key is wrong": {
			token: 200,
			call:  401,
			want: []string{
				"create_portfolios_order: 401", "PrivateKey does not belong to KeyID", "WithSignatureBase",
			},
		},
		"the scope is missing": {
			token: 200,
			call:  403,
			want: []string{
				"create_portfolios_order: 403 Forbidden", "Credentials.Scopes", "portfolios:admin",
			},
		},
		"the path does not exist": {
			token: 200,
			call:  404,
			want:  []string{"create_portfolios_order: 404 Not Found"},
		},
		"the client is too old": {
			token: 426,
			want:  []string{"token: 426 Upgrade Required"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				switch isToken := isTokenRequest(req); {
				case isToken && test.token == http.StatusOK:
					return success(tokenBody)(req)
				case isToken:
					return statusAlone(test.token)(req)
				}
				return statusAlone(test.call)(req)
			}), upvest.WithoutRetry())
			err := createOrder(t.Context(), client)
			requireText(t, err, append(test.want, someRequestID)...)
			text := err.Error()
			if strings.Count(text, someRequestID) != 1 || strings.Count(text, "usual cause") > 1 {
				t.Errorf("the error is %q, want the request ID once and the usual causes at most once", text)
			}
		})
	}
}

// statusAlone responds with a status and a body that contains only the text of the
// status.
func statusAlone(status int, header ...string) roundTrip {
	return respond(status, "text/plain", http.StatusText(status),
		append([]string{"Upvest-Request-Id", someRequestID}, header...)...)
}

// A call succeeds although the local clock is wrong. Hooks receive a retry reason that
// names the difference between the local clock and the server's.
func TestCallSucceedsDespiteAWrongLocalClock(t *testing.T) {
	for ahead, want := range map[time.Duration]string{
		90 * time.Second: "credentials renewed, the local clock is 1m30s behind the server's",
		-time.Hour:       "credentials renewed, the local clock is 1h0m0s ahead of the server's",
	} {
		synctest.Test(t, func(t *testing.T) {
			var retries []string
			hook := func(_ context.Context, attempt upvest.Attempt) {
				if attempt.Retry != "" {
					retries = append(retries, attempt.Retry)
				}
			}
			date := dateOf(time.Now().Add(ahead))
			server := scripted(statusAlone(http.StatusUnauthorized, date...), success(orderBody))
			client := newTestClient(t, server.serve, upvest.WithAttemptHook(hook))
			if err := createOrder(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if len(retries) != 1 || retries[0] != want {
				t.Errorf("the hook received the retry reasons %q, want only %q", retries, want)
			}
		})
	}
}

// The base URL may point to a server that breaks connections, or to a web page.
func TestErrorsExplainAWrongServer(t *testing.T) {
	client := newTestClient(t, failing(io.ErrUnexpectedEOF), upvest.WithoutRetry())
	requireText(t, createOrder(t.Context(), client), "unexpected EOF", "may have carried out the write")

	portal := respond(http.StatusOK, "text/html", "<html>Welcome to the portal</html>")
	client = newTestClient(t, portal, upvest.WithoutRetry())
	requireText(t, createOrder(t.Context(), client), "the body is not JSON", "may have carried out the write")
}
