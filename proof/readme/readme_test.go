package readme_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// repository is the folder of the README, from this package.
var repository = filepath.Join("..", "..")

// readme returns the README and its pieces of Go.
func readme(t *testing.T) (text string, pieces []string) {
	t.Helper()
	read, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(read, -1) {
		pieces = append(pieces, string(match[1]))
	}
	return string(read), pieces
}

// program returns the first piece, which is a whole program.
func program(t *testing.T) string {
	t.Helper()
	_, pieces := readme(t)
	if len(pieces) == 0 || !strings.HasPrefix(pieces[0], "package main\n") {
		t.Fatal("the README does not begin with a program")
	}
	return pieces[0]
}

// TestProgramRuns builds the program of the README and runs it as printed, as a newcomer
// would.
func TestProgramRuns(t *testing.T) {
	sandbox.Start(t, sandbox.WithOrderDelay(10*time.Millisecond)).Setenv(t)
	built, output, err := build(t, repository, program(t))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	output, err = run(t, repository, built)
	if err != nil || !regexp.MustCompile(`^[0-9a-f-]{36} FILLED\n$`).MatchString(output) {
		t.Errorf("got %v and %q, want a filled order", err, output)
	}
}

func TestProgramThatDoesNotBuildIsFound(t *testing.T) {
	if _, _, err := build(t, repository, strings.Replace(program(t), "CashAmount", "Amount", 1)); err == nil {
		t.Error("a program with a wrong field was built")
	}
}

// TestInstalledPackagesExist: what the README installs are packages of this repository,
// and what it runs is a command.
func TestInstalledPackagesExist(t *testing.T) {
	text, _ := readme(t)
	var names []string
	installs := regexp.MustCompile(`(?m)^go get (\S+)|^go run (\S+)@latest`)
	for _, match := range installs.FindAllStringSubmatch(text, -1) {
		output, err := run(t, repository, "go", "list", "-f", "{{.Name}}", match[1]+match[2])
		if err != nil {
			t.Errorf("%s: %v\n%s", match[0], err, output)
		}
		names = append(names, strings.TrimSpace(output))
	}
	if want := []string{"wrapper", "sandbox", "main"}; !slices.Equal(names, want) {
		t.Errorf("the README installs %v, expected %v", names, want)
	}
}

// TestPiecesAreTested finds each piece of the README in code that is built and tested.
func TestPiecesAreTested(t *testing.T) {
	_, pieces := readme(t)
	code := testedCode(t)
	for _, piece := range pieces {
		if !strings.Contains(code, unindented(piece)) {
			t.Errorf("this is in no Go file of the repository:\n%s", piece)
		}
		changed := strings.Replace(piece, "\n", " // changed\n", 1)
		if strings.Contains(code, unindented(changed)) {
			t.Errorf("with a change this is still found, so that the test cannot fail:\n%s", changed)
		}
	}
}

// testedCode is the Go code of the repository, without indentation.
func testedCode(t *testing.T) string {
	t.Helper()
	var code strings.Builder
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"generated", "build", ".git"}, entry.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		code.WriteString(unindented(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code.String()
}

var indentation = regexp.MustCompile(`(?m)^\t+`)

func unindented(text string) string { return indentation.ReplaceAllString(text, "") }

// build builds a program in a folder, and returns its path and the output of the
// compiler.
func build(t *testing.T, folder, program string) (built, output string, err error) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	built = filepath.Join(t.TempDir(), "program")
	output, err = run(t, folder, "go", "build", "-o", built, source)
	return built, output, err
}

func run(t *testing.T, folder, name string, arguments ...string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	return string(output), err
}

// privateKey returns a private key as PEM.
func privateKey(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
