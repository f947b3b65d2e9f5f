package wrapper_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// What a user reads on the first day, for what is likely to be wrong then: what it is,
// and what to do.

func TestFirstDayBeforeAnythingIsSent(t *testing.T) {
	fromEnv := func(changes map[string]string) func(*testing.T) error {
		return func(t *testing.T) error {
			setEnv(t, completeEnv(t, changes))
			_, err := upvest.FromEnv()
			return err
		}
	}
	with := func(change func(*upvest.Credentials)) func(*testing.T) error {
		return func(t *testing.T) error {
			credentials := testCredentials(t)
			change(&credentials)
			_, err := upvest.New(credentials)
			return err
		}
	}
	order := func(change func(*portfolios.OrderRequest), options ...upvest.CallOption) func(*testing.T) error {
		return func(t *testing.T) error {
			request := someOrderRequest()
			change(&request)
			client := newTestClient(t, func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return answer(http.StatusOK, "application/json", orderBody), nil
			})
			_, err := client.Orders.Create(t.Context(), request, options...)
			return err
		}
	}
	public := string(readKeyFile(t, "p521-public.pem"))
	rsa := string(readKeyFile(t, "rsa-pkcs8.pem"))
	encrypted := string(readKeyFile(t, "p521-sec1-aes256.pem"))
	for name, test := range map[string]struct {
		try  func(*testing.T) error
		want []string
	}{
		"nothing is set": {
			try:  fromEnv(map[string]string{envClientID: "", envClientSecret: "", envKeyID: "", envScopes: "", envKey: ""}),
			want: []string{envClientID, envClientSecret, envKeyID, envScopes, "one of " + envKey, "set them to what Upvest gave you"},
		},
		"the client id is a name": {
			try:  fromEnv(map[string]string{envClientID: "my-client"}),
			want: []string{envClientID, "not a UUID"},
		},
		"the key file is not there": {
			try:  fromEnv(map[string]string{envKey: "", envKeyFilename: "/keys/upvest.pem"}),
			want: []string{"/keys/upvest.pem", "no such file"},
		},
		"the path begins with ~": {
			try:  fromEnv(map[string]string{envKey: "", envKeyFilename: "~/upvest.pem"}),
			want: []string{"~/upvest.pem", "~ means nothing", "write the folder out"},
		},
		"the PEM is taken for a path": {
			try:  fromEnv(map[string]string{envKey: "", envKeyFilename: string(readKeyFile(t, "p521-sec1.pem"))}),
			want: []string{envKeyFilename, "holds the key itself", "set " + envKey},
		},
		"a path is taken for the PEM": {
			try:  fromEnv(map[string]string{envKey: "/keys/upvest.pem"}),
			want: []string{envKey, "not PEM", "whole text of the key file"},
		},
		"the passphrase is missing": {
			try:  fromEnv(map[string]string{envKey: encrypted}),
			want: []string{envPassphrase, "encrypted", "give the passphrase"},
		},
		"the passphrase is wrong": {
			try:  fromEnv(map[string]string{envKey: encrypted, envPassphrase: "no"}),
			want: []string{envPassphrase, "wrong"},
		},
		"the key is the public half": {
			try:  fromEnv(map[string]string{envKey: public}),
			want: []string{"public key", "give the private key"},
		},
		"the key is RSA": {
			try:  fromEnv(map[string]string{envKey: rsa}),
			want: []string{"RSA", "use ECDSA on P-521 or Ed25519"},
		},
		"the base URL is a host": {
			try:  with(func(c *upvest.Credentials) { c.BaseURL = "sandbox.upvest.co" }),
			want: []string{"BaseURL is not a URL", "https://sandbox.upvest.co"},
		},
		"the base URL is http": {
			try:  with(func(c *upvest.Credentials) { c.BaseURL = "http://sandbox.upvest.co" }),
			want: []string{"BaseURL is not https"},
		},
		"the scopes are one text": {
			try:  with(func(c *upvest.Credentials) { c.Scopes = []string{"a b"} }),
			want: []string{"Scopes is not one scope", "own entry"},
		},
		"the amount is negative": {
			try:  order(func(r *portfolios.OrderRequest) { r.CashAmount = "-5" }),
			want: []string{"cash_amount is negative", "side"},
		},
		"the amount has a comma": {
			try:  order(func(r *portfolios.OrderRequest) { r.CashAmount = "10,50" }),
			want: []string{"cash_amount is not an amount", "as in 100.00"},
		},
		"the amount is 0": {
			try:  order(func(r *portfolios.OrderRequest) { r.CashAmount = "0.00" }),
			want: []string{"cash_amount is not above 0"},
		},
		"the account is missing": {
			try:  order(func(r *portfolios.OrderRequest) { r.AccountID = uuid.Nil }),
			want: []string{"account_id is missing"},
		},
		"the side is missing": {
			try:  order(func(r *portfolios.OrderRequest) { r.Side = "" }),
			want: []string{"side is missing", "BUY"},
		},
		"the key is of version 7": {
			try:  order(func(*portfolios.OrderRequest) {}, upvest.WithIdempotencyKey(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"))),
			want: []string{"version 7", "IdempotencyKeyFor"},
		},
		"the weights are negative": {
			try: func(t *testing.T) error {
				_, err := newTestClient(t, nil).Allocations.Create(t.Context(), portfolios.AllocationRequest{
					Name: "A", Allocation: []portfolios.InstrumentWeight{{
						InstrumentID:     "IE00B0M62Q58",
						InstrumentIDType: "ISIN",
						Weight:           api.Decimal("-0.5"),
					}},
				})
				return err
			},
			want: []string{"allocation[0].weight is negative"},
		},
	} {
		t.Run(name, func(t *testing.T) { requireParts(t, test.try(t), test.want...) })
	}
}

// terse is what a gateway answers: a status, and nothing that helps.
func terse(status int) *http.Response {
	return answer(status, "text/plain", http.StatusText(status), "Upvest-Request-Id", identifiedAnswer)
}

func TestFirstDayOfATerseServer(t *testing.T) {
	for name, test := range map[string]struct {
		token, call int // statuses
		want        []string
	}{
		"the secret is wrong": {
			token: 401,
			call:  0,
			want:  []string{"token: 401 Unauthorized", "ClientSecret", "PrivateKey is not the one of KeyID", "clock", "WithSignatureBase"},
		},
		"the key is wrong": {
			token: 200,
			call:  401,
			want:  []string{"create_portfolios_order: 401", "PrivateKey is not the one of KeyID", "WithSignatureBase"},
		},
		"the scope is missing": {
			token: 200,
			call:  403,
			want:  []string{"create_portfolios_order: 403 Forbidden", "Credentials.Scopes", "portfolios:admin"},
		},
		"no such path": {
			token: 200,
			call:  404,
			want:  []string{"create_portfolios_order: 404 Not Found"},
		},
		"too old a client": {token: 426, call: 0, want: []string{"token: 426 Upgrade Required"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				switch isToken := strings.HasSuffix(req.URL.Path, "/auth/token"); {
				case isToken && test.token == http.StatusOK:
					return tokenAnswer(), nil
				case isToken:
					return terse(test.token), nil
				}
				return terse(test.call), nil
			}), upvest.WithoutRetry())
			_, err := client.Orders.Create(t.Context(), someOrderRequest())
			requireParts(t, err, append(test.want, identifiedAnswer)...)
			if strings.Count(err.Error(), identifiedAnswer) != 1 || strings.Count(err.Error(), "usual cause") > 1 {
				t.Errorf("%v: it says something twice", err)
			}
		})
	}
}

// A clock that is off heals itself, and says so to whoever listens.
func TestFirstDayWithASkewedClock(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		90 * time.Second: "credentials renewed, the local clock is 1m30s behind the server's",
		-time.Hour:       "credentials renewed, the local clock is 1h0m0s ahead of the server's",
	} {
		synctest.Test(t, func(t *testing.T) {
			var said []string
			calls := 0
			client := newTestClient(t, func(*http.Request) (*http.Response, error) {
				if calls++; calls == 1 {
					resp := terse(http.StatusUnauthorized)
					resp.Header.Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
					return resp, nil
				}
				return answer(http.StatusOK, "application/json", orderBody), nil
			}, upvest.WithAttemptHook(func(_ context.Context, attempt upvest.Attempt) {
				if attempt.Retry != "" {
					said = append(said, attempt.Retry)
				}
			}))
			if _, err := client.Orders.Create(t.Context(), someOrderRequest()); err != nil || len(said) != 1 || said[0] != want {
				t.Errorf("%q, %v, want %q", said, err, want)
			}
		})
	}
}

// The server is not there, or is not the API.
func TestFirstDayWithoutTheServer(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		return nil, errors.Join(io.ErrUnexpectedEOF)
	}, upvest.WithoutRetry())
	_, err := client.Orders.Create(t.Context(), someOrderRequest())
	requireParts(t, err, "unexpected EOF", "may have carried out the write")
	client = newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "text/html", "<html>Welcome to the portal</html>"), nil
	}, upvest.WithoutRetry())
	_, err = client.Orders.Create(t.Context(), someOrderRequest())
	requireParts(t, err, "the body is not JSON", "may have carried out the write")
}
