package drift_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeProgramBuilds builds the program of the README against the tree, as a newcomer would.
func TestReadmeProgramBuilds(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindSubmatch(readme)
	if program == nil {
		t.Fatal("the README has no program")
	}
	if output, err := build(t, string(program[1])); err != nil {
		t.Errorf("the program of the README does not build: %v\n%s", err, output)
	}
	if _, err := build(t, strings.Replace(string(program[1]), "CashAmount", "Amount", 1)); err == nil {
		t.Error("a program with a wrong field was built: this test cannot fail")
	}
}

func build(t *testing.T, program string) (string, error) {
	t.Helper()
	file := writeFile(t, "main.go", program)
	return run(t.Context(), repository, "go", "build", "-o", filepath.Join(t.TempDir(), "program"), file)
}
