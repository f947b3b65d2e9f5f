// Package named gives the tests of the examples a sandbox that the UPVEST_API_* variables name.
package named

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// Sandbox starts a sandbox and sets the variables to reach it until the test ends. An answer that breaks the contract fails the test.
func Sandbox(t *testing.T, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	server := sandbox.Start(t, options...)
	access := server.Client()
	key := ""
	if access.PrivateKey != nil {
		der, err := x509.MarshalPKCS8PrivateKey(access.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	for name, value := range map[string]string{
		"BASE_URL": server.URL(), "CLIENT_ID": access.ID.String(), "CLIENT_SECRET": access.Secret, "KEY_ID": access.KeyID,
		"SCOPES": strings.Join(access.Scopes, ","), "HTTP_SIGN_PRIVATE_KEY": key, "HTTP_SIGN_PRIVATE_KEY_FILENAME": "",
		"HTTP_SIGN_PRIVATE_KEY_BASE64": "", "HTTP_SIGN_PRIVATE_KEY_PASSPHRASE": "",
	} {
		t.Setenv("UPVEST_API_"+name, value)
	}
	return server
}
