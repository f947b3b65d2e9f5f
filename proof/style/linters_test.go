package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLinters runs golangci-lint with this configuration on a control module. The path of
// the control module determines how the formatter gci groups imports.
const (
	configuration = "../../.golangci.yml"
	controlModule = "github.com/d8277167/upvest-portfolios-go/control"
)

// lintFinding is a finding in the JSON report of golangci-lint.
type lintFinding struct {
	FromLinter string
	Text       string
	Pos        struct {
		Filename string
		Line     int
	}
}

// name returns the name of the linter that reported the finding. For revive, the name
// includes the rule.
func (f lintFinding) name() string {
	if f.FromLinter == "revive" {
		rule, _, _ := strings.Cut(f.Text, ":")
		return "revive:" + rule
	}
	return f.FromLinter
}

// TestLinters requires that every linter in .golangci.yml, and every rule of revive in
// that file, reports at least one line of the control module. The environment variable
// GOLANGCI_LINT contains the path of golangci-lint; `make check` sets this variable.
func TestLinters(t *testing.T) {
	program := os.Getenv("GOLANGCI_LINT")
	if program == "" {
		t.Skip("this test needs the environment variable GOLANGCI_LINT; run it with `make check`")
	}
	folder := t.TempDir()
	wanted := copyControl(t, folder)
	for name, limit := range limits() {
		write(t, filepath.Join(folder, limit.within(name)), limit.file(limit.largest))
		write(t, filepath.Join(folder, limit.beyond(name)), limit.file(limit.largest+1))
	}

	lines := map[string]bool{}
	files := map[string]bool{}
	names := map[string]bool{}
	for _, found := range lint(t, program, folder) {
		file := filepath.Base(found.Pos.Filename)
		lines[fmt.Sprintf("%s:%d %s", file, found.Pos.Line, found.name())] = true
		files[file+" "+found.name()] = true
		names[found.name()] = true
	}
	for _, line := range wanted {
		if !lines[line] {
			t.Errorf("got no finding at %s in the control module, want one", line)
		}
	}
	for name, limit := range limits() {
		if files[limit.within(name)+" "+name] {
			t.Errorf("%s reported a declaration that is exactly at the limit of %d, want no finding",
				name, limit.largest)
		}
		if !files[limit.beyond(name)+" "+name] {
			t.Errorf("%s did not report a declaration that exceeds the limit of %d by one, want a finding",
				name, limit.largest)
		}
	}
	for _, name := range enabled(t, program) {
		if !names[name] {
			t.Errorf("%s is enabled, but reported no line of the control module", name)
		}
	}
}

// lintWant matches the end of a line that linters must report.
var lintWant = regexp.MustCompile(`want ([a-z]+(?::[a-z-]+)?(?:, [a-z]+)*)$`)

// copyControl creates a module from testdata/linters, and returns the findings that the
// comments in this folder require. The module is a copy, because the configuration
// excludes testdata.
func copyControl(t *testing.T, folder string) []string {
	t.Helper()
	if err := os.CopyFS(folder, os.DirFS("testdata/linters")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "go.mod"), "module "+controlModule+"\n\ngo 1.26.0\n")
	var wanted []string
	for _, file := range parseAll(t, folder) {
		for i, line := range file.lines {
			match := lintWant.FindStringSubmatch(line)
			if match == nil {
				continue
			}
			for name := range strings.SplitSeq(match[1], ", ") {
				wanted = append(wanted, fmt.Sprintf("%s:%d %s", filepath.Base(file.path), i+1, name))
			}
		}
	}
	if len(wanted) == 0 {
		t.Fatal("no comment in testdata/linters requires a finding, want at least one")
	}
	return wanted
}

// limit is the setting of a linter that limits a size or a complexity.
type limit struct {
	largest int
	// declare returns a declaration of the given size. The name of the declaration is
	// unique in the package.
	declare func(size int) string
	suffix  string
}

// within returns the name of the file whose declaration is exactly at the limit.
func (l limit) within(name string) string { return fileName("within", name, l.suffix) }

// beyond returns the name of the file whose declaration exceeds the limit by one.
func (l limit) beyond(name string) string { return fileName("beyond", name, l.suffix) }

func fileName(prefix, name, suffix string) string {
	return prefix + "_" + strings.NewReplacer(":", "_", "-", "_").Replace(name) + suffix
}

// file returns the text of a Go file with one declaration of the given size.
func (l limit) file(size int) string {
	return "package control\n\n" + l.declare(size) + "\n"
}

// limits returns the limits of size and complexity, by the name of the linter.
func limits() map[string]limit {
	return map[string]limit{
		"lll": {largest: 110, suffix: ".go", declare: func(columns int) string {
			head := fmt.Sprintf("\twide%d = `", columns)
			fill := strings.Repeat("x", columns-width(head)-1)
			return "const (\n" + head + fill + "`\n)"
		}},
		"funlen": {largest: 60, suffix: ".go", declare: func(lines int) string {
			return function("long", lines, strings.Repeat("\tn = n*n + 3\n", lines-1))
		}},
		"revive:function-length": {largest: 100, suffix: "_test.go", declare: func(lines int) string {
			return function("long", lines, strings.Repeat("\tn = n*n + 3\n", lines-1))
		}},
		"cyclop": {largest: 15, suffix: ".go", declare: func(paths int) string {
			return function("branches", paths, strings.Repeat("\tif n > 3 {\n\t\tn--\n\t}\n", paths-1))
		}},
		"gocognit": {largest: 30, suffix: "_test.go", declare: func(complexity int) string {
			const nested = 1 + 2 + 3 + 4 + 5 + 6
			body := strings.Repeat("if n > 3 {\n", 6) + "n--\n" + strings.Repeat("}\n", 6)
			body += strings.Repeat("if n > 3 {\nn--\n}\n", complexity-nested)
			return function("nested", complexity, body)
		}},
	}
}

// function returns the source of a function with the given body. The function's name
// consists of `name` and `size`.
func function(name string, size int, body string) string {
	return fmt.Sprintf("func %s%d(n int) int {\n%s\treturn n\n}\n", name, size, body)
}

// lint runs golangci-lint over the module in the folder.
func lint(t *testing.T, program, folder string) []lintFinding {
	t.Helper()
	settings, err := filepath.Abs(configuration)
	if err != nil {
		t.Fatal(err)
	}
	output := run(t, folder, program, "run", "--config", settings, "--allow-parallel-runners",
		"--issues-exit-code", "0", "--output.text.path", os.DevNull, "--output.json.path", "stdout", "./...")
	var report struct{ Issues []lintFinding }
	if err := json.NewDecoder(bytes.NewReader(output)).Decode(&report); err != nil {
		t.Fatalf("read the report of golangci-lint: %v\n%s", err, output)
	}
	for _, found := range report.Issues {
		if found.FromLinter == "typecheck" {
			t.Fatalf("the control module does not compile: %s", found.Text)
		}
	}
	return report.Issues
}

// reviveRule matches a line of .golangci.yml that enables a rule of revive.
var reviveRule = regexp.MustCompile(`(?m)^        - name: ([a-z-]+)$`)

// enabled returns the linters and the rules of revive that .golangci.yml enables.
func enabled(t *testing.T, program string) []string {
	t.Helper()
	var linters struct{ Enabled []struct{ Name string } }
	output := run(t, ".", program, "linters", "--config", configuration, "--json")
	if err := json.Unmarshal(output, &linters); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, linter := range linters.Enabled {
		if linter.Name != "revive" {
			names = append(names, linter.Name)
		}
	}
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range reviveRule.FindAllStringSubmatch(string(text), -1) {
		names = append(names, "revive:"+match[1])
	}
	if len(names) < 50 || !slices.Contains(names, "revive:early-return") || !slices.Contains(names, "lll") {
		t.Fatalf("read %d enabled linters and rules, want at least 50, with lll and early-return: %q",
			len(names), names)
	}
	return names
}

// run runs a program in a folder and returns its standard output.
func run(t *testing.T, folder, program string, arguments ...string) []byte {
	t.Helper()
	program, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	var failure bytes.Buffer
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		t.Fatalf("run %s with the arguments %q: %v\n%s%s", program, arguments, err, output, &failure)
	}
	return output
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
