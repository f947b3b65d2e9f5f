package drift_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestSandboxAcceptsForeignSignatures requires that the sandbox accepts signatures that
// a JavaScript library creates with Ed25519 keys and P-521 keys.
func TestSandboxAcceptsForeignSignatures(t *testing.T) {
	t.Parallel()
	// `make contract` installs the signing library together with Redocly CLI. nodeProgram
	// ends the test if Redocly CLI is missing.
	nodeProgram(t, "redocly")
	t.Run("Ed25519", func(t *testing.T) {
		t.Parallel()
		client, err := sandbox.NewClient()
		if err != nil {
			t.Fatal(err)
		}
		requireForeignRequests(t, client)
	})
	t.Run("P-521", func(t *testing.T) {
		t.Parallel()
		client, err := sandbox.NewClient()
		if err != nil {
			t.Fatal(err)
		}
		client.PrivateKey, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		client.PublicKey = nil
		requireForeignRequests(t, client)
	})
}

// requireForeignRequests runs a script that signs and sends five requests, and requires
// that all of them succeed.
func requireForeignRequests(t *testing.T, client sandbox.Client) {
	t.Helper()
	server, err := sandbox.New(sandbox.WithClients(client))
	if err != nil {
		t.Fatal(err)
	}
	// An error of Close does not matter, because the test has ended by then.
	t.Cleanup(func() { _ = server.Close() })
	modules, err := filepath.Abs(repository + "/build/node/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	script := repository + "/proof/contract-check/sign.js"
	keyFile := writeFile(t, "key.pem", keyAsPEM(t, client.PrivateKey))
	command := exec.CommandContext(t.Context(), "node", script, modules)
	command.Env = []string{
		"UPVEST_API_BASE_URL=" + server.URL(),
		"UPVEST_API_CLIENT_ID=" + client.ID.String(),
		"UPVEST_API_CLIENT_SECRET=" + client.Secret,
		"UPVEST_API_KEY_ID=" + client.KeyID,
		"UPVEST_API_SCOPES=portfolios:read,portfolios:admin",
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME=" + keyFile,
	}
	output, err := command.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	for _, line := range lines {
		if !strings.HasSuffix(line, " 200") {
			t.Errorf("the script printed %q for a request, want a line that ends in 200", line)
		}
	}
	if err != nil || len(lines) != 5 {
		t.Errorf("the script printed %d lines and ended with the error %v, want 5 lines and no error:\n%s",
			len(lines), err, output)
	}
}
