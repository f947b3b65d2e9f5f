package drift_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// repository is the folder of openapi.yaml, from this package.
const repository = "../.."

// withPrograms skips a test that fetches or starts other programs, unless make runs it.
func withPrograms(t *testing.T) {
	t.Helper()
	if os.Getenv("CONTRACT") == "" {
		t.Skip("make contract runs this: it takes more than Go and its tests")
	}
}

// nodeProgram is the path of a program that make installs from
// proof/contract-check/package.json. Only people may go without.
func nodeProgram(t *testing.T, name string) string {
	t.Helper()
	withPrograms(t)
	path, err := filepath.Abs(filepath.Join(repository, "build/node/node_modules/.bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed: make contract does that where there is Node.js", name)
	}
	return path
}

// run runs a program in a folder and returns what it printed, on whichever stream.
func run(ctx context.Context, folder, program string, arguments ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	var output bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir, command.Stdout, command.Stderr = folder, &output, &output
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("run %s: %w\n%s", program, err, output.String())
	}
	return output.String(), nil
}

// writeFile writes a file of the test's own and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
