package sandbox_test

import (
	"crypto"
	"os"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// TestSetenv requires that a client that reads the variables reaches the sandbox, even if
// the variables had other values before.
func TestSetenv(t *testing.T) {
	t.Setenv("UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME", "/nowhere/key.pem")
	t.Setenv("UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64", "bGl2ZQ==")
	s := sandbox.Start(t)
	s.Setenv(t)
	credentials, err := upvest.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		t.Error(err)
	}
	for _, pair := range s.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if got, found := os.LookupEnv(name); !found || got != value {
			t.Errorf("%s is %q (set: %t), want %q", name, got, found, value)
		}
	}
}

// signer is a private key that cannot be exported, such as a key in an HSM.
type signer struct{ crypto.Signer }

// TestEnvironWithoutAPrivateKey requires that the variables contain no private key if the
// sandbox does not have the key or cannot export it.
func TestEnvironWithoutAPrivateKey(t *testing.T) {
	own, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	own.PrivateKey = signer{own.PrivateKey}
	public := own
	public.PrivateKey = nil
	for name, client := range map[string]sandbox.Client{"a signer": own, "only a public key": public} {
		s := sandbox.Start(t, sandbox.WithClients(client))
		environ := strings.Join(s.Environ(), "\n") + "\n"
		if !strings.Contains(environ, "UPVEST_API_HTTP_SIGN_PRIVATE_KEY=\n") ||
			!strings.Contains(environ, "UPVEST_API_CLIENT_ID="+own.ID.String()+"\n") {
			t.Errorf("for a client with %s, the variables are %s, want the client id and no private key",
				name, environ)
		}
	}
}
