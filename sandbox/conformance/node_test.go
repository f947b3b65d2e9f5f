package conformance_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A library that knows nothing of this sandbox signs, for both kinds of keys.
func TestNodeSignatures(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed, so signatures made by the npm package http-message-signatures were not tried", tool)
		}
	}
	directory := t.TempDir()
	if err := os.CopyFS(directory, os.DirFS("node")); err != nil {
		t.Fatal(err)
	}
	runIn(t, directory, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")

	der, err := x509.MarshalPKCS8PrivateKey(ecKey(t, elliptic.P521()))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "p521.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{"Ed25519": nil, "P-521": {"-client", "key=" + file}} {
		t.Run(name, func(t *testing.T) {
			p := start(t, flags...)
			var environment []string
			for name, value := range p.variables {
				environment = append(environment, "UPVEST_API_"+name+"="+value)
			}
			output := strings.TrimSpace(runIn(t, directory, environment, "node", "sign.js"))
			lines := strings.Split(output, "\n")
			for _, line := range lines {
				if !strings.HasSuffix(line, " 200") {
					t.Errorf("refused: %s", line)
				}
			}
			if len(lines) != 5 {
				t.Errorf("%d requests, want 5:\n%s", len(lines), output)
			}
		})
	}
}

func runIn(t *testing.T, directory string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
	return string(output)
}
