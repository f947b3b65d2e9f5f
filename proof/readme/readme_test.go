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

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// repository is the root of the repository, relative to this package.
var repository = filepath.Join("..", "..")

// program returns the source code of the README's program.
func program(t *testing.T) string {
	t.Helper()
	pieces := goCode(t, "README.md")
	if len(pieces) == 0 || !strings.HasPrefix(pieces[0], "package main\n") {
		t.Fatal("the first block of Go code in the README is not a program: it must start with package main")
	}
	return pieces[0]
}

// firstAccount is the account for which the README's program places its order. The
// account exists as soon as upvest-sandbox has started.
var firstAccount = uuid.MustParse("1f0d3b5c-7a29-4e68-9c14-8b2e6f5a0d37")

// TestProgramRuns requires that the unchanged program of the README builds, runs and
// places an order.
func TestProgramRuns(t *testing.T) {
	mix := uuid.New()
	server := sandbox.Start(t, sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
		},
		Accounts: []sandbox.Account{{ID: firstAccount, AllocationID: mix}},
	}))
	server.Setenv(t)
	built, output, err := build(t, repository, program(t))
	if err != nil {
		t.Fatalf("build the README's program: %v\n%s", err, output)
	}
	output, err = run(t, repository, built)
	if err != nil || !placedOrder.MatchString(output) {
		t.Errorf("the program printed %q (error %v), want the id of an order and NEW", output, err)
	}
}

var placedOrder = regexp.MustCompile(`(?m)^[0-9a-f-]{36} NEW$`)

// TestFirstOrderCommand requires that `make first-order`, the README's command for this
// program, places an order.
func TestFirstOrderCommand(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("the program make is not installed")
	}
	output, err := run(t, repository, "make", "first-order")
	if err != nil || !placedOrder.MatchString(output) {
		t.Errorf("make first-order printed %q (error %v), want the id of an order and NEW", output, err)
	}
}

// TestFirstOrderIsShort requires that the function main of the README's program has at
// most 25 lines.
func TestFirstOrderIsShort(t *testing.T) {
	_, body, _ := strings.Cut(program(t), "func main() {\n")
	if lines := strings.Count(body, "\n"); lines == 0 || lines > 25 {
		t.Errorf("the function main of the README's program has %d lines, want 1 to 25", lines)
	}
}

func TestProgramThatDoesNotBuildIsFound(t *testing.T) {
	if _, _, err := build(t, repository, strings.Replace(program(t), "CashAmount", "Amount", 1)); err == nil {
		t.Error("build compiled a program with an undefined field, want an error")
	}
}

// TestPiecesAreTested requires that each block of Go code in the documents and in the
// client's package comment occurs in a Go file of the repository, apart from indentation.
func TestPiecesAreTested(t *testing.T) {
	code := testedCode(t)
	pieces := map[string][]string{packageComment: packageCode(t)}
	for _, name := range documents(t) {
		pieces[name] = goCode(t, name)
	}
	for name, ofOne := range pieces {
		for _, piece := range ofOne {
			if !strings.Contains(code, unindented(piece)) {
				t.Errorf("%s: no Go file of the repository contains this code:\n%s", name, piece)
			}
			changed := strings.Replace(piece, "\n", " // changed\n", 1)
			if strings.Contains(code, unindented(changed)) {
				t.Errorf("%s: this test cannot fail, because the search also finds this changed code:\n%s",
					name, changed)
			}
		}
	}
}

// testedCode returns the Go code of the repository without indentation. It omits the
// folders generated and build.
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

// build compiles the source code `program` in a folder. It returns the path of the
// compiled program and the output of the go command.
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

// privateKey encodes a private key as PEM.
func privateKey(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
