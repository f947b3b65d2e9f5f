package drift_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/race"
)

// repository is the root of the repository, relative to this package.
const repository = "../.."

// withPrograms skips a test that downloads or starts other programs, unless the
// environment variable CONTRACT is set. `make contract` sets it for all tests of this
// package, and `make check` for the tests of the generated code.
func withPrograms(t *testing.T) {
	t.Helper()
	if os.Getenv("CONTRACT") == "" {
		t.Skip("`make contract` runs this test, which downloads or starts other programs")
	}
}

// withoutRaceDetector skips a test under the race detector. The detector would make the
// test ten times slower. The test does not need it, because its parallel subtests only
// read the data that they share. The command `make contract` runs the test without the
// race detector.
func withoutRaceDetector(t *testing.T) {
	t.Helper()
	if race.Detector {
		t.Skip("`make contract` runs this test without the race detector")
	}
}

// nodeProgram returns the path of a program that `make contract` installs from
// proof/contract-check/package.json. If the program is missing, the test fails in CI and
// is skipped elsewhere.
func nodeProgram(t *testing.T, name string) string {
	t.Helper()
	withPrograms(t)
	program, err := filepath.Abs(filepath.Join(repository, "build/node/node_modules/.bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed: install Node.js, then run `make contract`", name)
	}
	return program
}

// install returns the path of the executable of a Go program. The argument `program` is a
// package with a version, such as example.com/cmd/program@v1.2.3. If the executable is
// not below build/ yet, install installs it there.
func install(t *testing.T, program string) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join(repository, "build/go", path.Base(program)))
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(path.Base(program), "@")
	installed := filepath.Join(folder, name)
	if _, err := os.Stat(installed); err == nil {
		return installed
	}
	if _, err := run(t.Context(), ".", "env", "GOBIN="+folder, "go", "install", program); err != nil {
		t.Fatal(err)
	}
	return installed
}

// run runs a program in a folder, for at most five minutes, and returns its standard
// output and standard error as one text.
func run(ctx context.Context, folder, program string, arguments ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("run %s: %w\n%s", program, err, output)
	}
	return string(output), err
}

// writeFile writes a file to a temporary folder and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
