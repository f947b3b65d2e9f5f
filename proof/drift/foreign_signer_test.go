package drift_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestSandboxTakesForeignSignatures: a library that knows nothing of the sandbox signs,
// for both kinds of keys.
func TestSandboxTakesForeignSignatures(t *testing.T) {
	t.Parallel()
	nodeProgram(t, "redocly") // installed together with that library
	for name, p521 := range map[string]bool{"Ed25519": false, "P-521": true} {
		t.Run(name, func(t *testing.T) {
			client, err := sandbox.NewClient()
			if err != nil {
				t.Fatal(err)
			}
			if p521 {
				if client.PrivateKey, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader); err != nil {
					t.Fatal(err)
				}
				client.PublicKey = nil
			}
			server, err := sandbox.New(sandbox.WithClients(client))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			der, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			modules, err := filepath.Abs(repository + "/build/node/node_modules")
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(
				t.Context(),
				"node",
				repository+"/proof/contract-check/sign.js",
				modules,
			)
			command.Env = []string{
				"UPVEST_API_BASE_URL=" + server.URL(),
				"UPVEST_API_CLIENT_ID=" + client.ID.String(),
				"UPVEST_API_CLIENT_SECRET=" + client.Secret,
				"UPVEST_API_KEY_ID=" + client.KeyID,
				"UPVEST_API_SCOPES=portfolios:read,portfolios:admin",
				"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME=" +
					writeFile(
						t,
						"key.pem",
						string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
					),
			}
			output, err := command.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(output)), "\n")
			for _, line := range lines {
				if !strings.HasSuffix(line, " 200") {
					t.Errorf("refused: %s", line)
				}
			}
			if err != nil || len(lines) != 5 {
				t.Errorf("%d requests, want 5, %v:\n%s", len(lines), err, output)
			}
		})
	}
}
