package drift_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The lines of tools.go and of the generator's configurations that say what is made of
// what.
var (
	generateLine = regexp.MustCompile(`(?m)^//go:generate env (GOWORK=off go .* -config) (\S+) (\S+)$`)
	outputLine   = regexp.MustCompile(`(?m)^output: (.*)$`)

	embeddedContract = regexp.MustCompile(`(?s)\nvar swaggerSpec = \[\]string\{(.*?)\n\}\n`)
)

// checkFresh makes the generated code again, in a temporary folder, and reports what
// differs from the tree. contract takes the place of openapi.yaml if it is not empty.
func checkFresh(t *testing.T, contract string) []string {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(repository, "tools.go"))
	if err != nil {
		t.Fatal(err)
	}
	generations := generateLine.FindAllStringSubmatch(string(lines), -1)
	if len(generations) != strings.Count(string(lines), "//go:generate") || len(generations) == 0 {
		return []string{"tools.go has a go:generate line that this test cannot read"}
	}
	var findings []string
	for _, generation := range generations {
		if finding := checkGeneration(
			t,
			generation[1],
			generation[2],
			generation[3],
			contract,
		); finding != "" {
			findings = append(findings, finding)
		}
	}
	return findings
}

func checkGeneration(t *testing.T, generator, configuration, document, contract string) string {
	t.Helper()
	settings, err := os.ReadFile(filepath.Join(repository, configuration))
	if err != nil {
		t.Fatal(err)
	}
	output := outputLine.FindSubmatch(settings)
	if output == nil {
		return configuration + ": there is no output"
	}
	name := filepath.Join(repository, string(output[1]))
	before, err := os.Stat(name)
	if err != nil {
		return err.Error()
	}

	made := filepath.Join(t.TempDir(), "made.go")
	elsewhere := writeFile(
		t,
		"configuration.yaml",
		outputLine.ReplaceAllLiteralString(string(settings), "output: "+made),
	)
	if contract != "" && document == "openapi.yaml" {
		document = writeFile(t, "openapi.yaml", contract)
	}
	if _, err := run(
		t.Context(),
		repository,
		"env",
		append(strings.Fields(generator), elsewhere, document)...); err != nil {
		return err.Error()
	}

	after, err := os.Stat(name)
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		return fmt.Sprintf("%s was written to: %v", name, err)
	}
	want, errWant := unpacked(made)
	got, errGot := unpacked(name)
	if err := errors.Join(errWant, errGot); err != nil {
		return err.Error()
	}
	if want != got {
		return string(
			output[1],
		) + " is not what " + configuration + " makes of the contract: run make generate"
	}
	return ""
}

// unpacked reads generated code, with the contract embedded in it as plain text: how it
// is compressed differs between versions of Go.
func unpacked(name string) (string, error) {
	code, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	place := embeddedContract.FindSubmatchIndex(code)
	if place == nil {
		return string(code), nil
	}
	packed := regexp.MustCompile(`[",\s]`).ReplaceAll(code[place[2]:place[3]], nil)
	contract, err := io.ReadAll(
		flate.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(packed))),
	)
	if err != nil {
		return "", fmt.Errorf("unpack the contract in %s: %w", name, err)
	}
	return string(slices.Concat(code[:place[0]], contract, code[place[1]:])), nil
}

func TestGeneratedCodeIsFresh(t *testing.T) {
	withPrograms(t)
	for _, finding := range checkFresh(t, "") {
		t.Error(finding)
	}
}

func TestStaleCodeIsFound(t *testing.T) {
	withPrograms(t)
	changed := edit(
		t,
		readContract(t),
		"    Order:",
		"      properties:",
		"      properties:\n        venue: {type: string}",
	)
	if findings := checkFresh(t, changed); len(findings) != 2 {
		t.Errorf("a new property makes both generated files stale, got %q", findings)
	}
	changed = edit(t, readContract(t), "    NotFound:", "type: not_found", "type: missing")
	if findings := checkFresh(t, changed); len(findings) != 1 {
		t.Errorf("a new example makes the contract stale that the sandbox has in it, got %q", findings)
	}
}
