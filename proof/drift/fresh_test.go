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

// The first two expressions match the lines that name inputs and outputs in tools.go and
// in the generator's configurations. embeddedContract matches the compressed contract in
// generated code.
var (
	generateLine = regexp.MustCompile(`(?m)^//go:generate env (GOWORK=off go .* -config) (\S+) (\S+)$`)
	outputLine   = regexp.MustCompile(`(?m)^output: (.*)$`)

	embeddedContract = regexp.MustCompile(`(?s)\nvar swaggerSpec = \[\]string\{(.*?)\n\}\n`)
)

// checkFresh generates all code again in a temporary folder, and reports the files that
// differ from those in the tree. If `contract` is not empty, checkFresh generates only
// the code that depends on openapi.yaml, and uses `contract` in place of openapi.yaml.
func checkFresh(t *testing.T, contract string) (found findings) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(repository, "tools.go"))
	if err != nil {
		t.Fatal(err)
	}
	matches := generateLine.FindAllStringSubmatch(string(lines), -1)
	if len(matches) != strings.Count(string(lines), "//go:generate") || len(matches) == 0 {
		found.addf("tools.go: this test cannot parse a go:generate line: " +
			"adapt generateLine in proof/drift/fresh_test.go")
		return found
	}
	for _, match := range matches {
		g := generation{generator: strings.Fields(match[1]), configuration: match[2], document: match[3]}
		if contract != "" {
			if g.document != "openapi.yaml" {
				continue
			}
			g.document = writeFile(t, "openapi.yaml", contract)
		}
		if err := g.check(t); err != nil {
			found.addf("%v", err)
		}
	}
	return found
}

// generation is one go:generate line.
type generation struct {
	generator     []string
	configuration string
	document      string
}

// check generates the code again and compares it with the file in the tree, without
// changing that file.
func (g generation) check(t *testing.T) error {
	t.Helper()
	settings, err := os.ReadFile(filepath.Join(repository, g.configuration))
	if err != nil {
		return err
	}
	output := outputLine.FindSubmatch(settings)
	if output == nil {
		return fmt.Errorf("%s: the line with the output is missing: name the generated file", g.configuration)
	}
	name := filepath.Join(repository, string(output[1]))
	before, err := os.Stat(name)
	if err != nil {
		return err
	}
	made := filepath.Join(t.TempDir(), "made.go")
	elsewhere := outputLine.ReplaceAllLiteralString(string(settings), "output: "+made)
	arguments := slices.Concat(g.generator,
		[]string{writeFile(t, "configuration.yaml", elsewhere), g.document})
	if _, err := run(t.Context(), repository, "env", arguments...); err != nil {
		return err
	}
	after, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !after.ModTime().Equal(before.ModTime()) {
		return fmt.Errorf("%s: this test has changed the file", name)
	}
	want, errWant := unpacked(made)
	got, errGot := unpacked(name)
	if err := errors.Join(errWant, errGot); err != nil {
		return err
	}
	if want != got {
		return fmt.Errorf("%s: the file differs from the code that %s generates for %s: %s",
			output[1], g.configuration, g.document, regenerate)
	}
	return nil
}

// unpacked reads a file of generated code, and returns the code with the embedded
// contract as plain text. The file contains the contract in a compressed form, which
// depends on the version of Go.
func unpacked(name string) (string, error) {
	code, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	span := embeddedContract.FindSubmatchIndex(code)
	if span == nil {
		return string(code), nil
	}
	packed := regexp.MustCompile(`[",\s]`).ReplaceAll(code[span[2]:span[3]], nil)
	decoded := base64.NewDecoder(base64.StdEncoding, bytes.NewReader(packed))
	contract, err := io.ReadAll(flate.NewReader(decoded))
	if err != nil {
		return "", fmt.Errorf("unpack the contract in %s: %w", name, err)
	}
	return string(slices.Concat(code[:span[0]], contract, code[span[1]:])), nil
}

func TestGeneratedCodeIsFresh(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	found := checkFresh(t, "")
	found.report(t)
}

// TestStaleCodeIsFound changes the contract, and requires that checkFresh reports exactly
// the generated files that the change affects.
func TestStaleCodeIsFound(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	const properties = "      properties:"
	field := properties + "\n        venue: {type: string}"
	changed := edit(t, readContract(t), "    Order:", properties, field)
	if found := checkFresh(t, changed); len(found) != 2 {
		t.Errorf("got the findings %q, want two: one for each generated file with the new property", found)
	}
	changed = edit(t, readContract(t), "    NotFound:", "type: not_found", "type: missing")
	if found := checkFresh(t, changed); len(found) != 1 {
		t.Errorf("got the findings %q, want one: for the only generated file with the changed example", found)
	}
}
