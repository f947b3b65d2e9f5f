package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readme returns the go commands and the program of the first order in the README.
func readme(t *testing.T) (commands []string, program string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(
		"(?s)```sh\n(go get [^`]*)\n```\n.*?```go\n(package main\n.*?)```",
	).FindSubmatch(
		text,
	)
	if found == nil {
		t.Fatal("the README has no block with a go get command that is followed by a program")
	}
	for command := range strings.Lines(string(found[1])) {
		commands = append(commands, strings.TrimPrefix(command, "go "))
	}
	return commands, string(found[2])
}

// importer is a module outside this repository that imports the repository's modules.
type importer struct {
	*outsider
	folder string
}

func (o *outsider) importer(t *testing.T, file, text string) importer {
	t.Helper()
	i := importer{outsider: o, folder: t.TempDir()}
	i.run(t, "mod", "init", "example.com/importer")
	writeFile(t, filepath.Join(i.folder, file), []byte(text))
	return i
}

func (i importer) run(t *testing.T, arguments ...string) string {
	t.Helper()
	printed, err := i.outsider.run(t.Context(), i.folder, "go", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return printed
}

// weight returns a sentence with the numbers of modules that the importer compiles and
// requires.
func (i importer) weight(t *testing.T) string {
	t.Helper()
	sums, err := os.ReadFile(filepath.Join(i.folder, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	compiled := strings.Fields(i.run(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(compiled)
	required := i.run(t, "list", "-m", "all")
	return fmt.Sprintf("the importer compiles %d modules, including those of this repository; "+
		"go.sum has %d lines, and go list -m all prints %d",
		len(slices.Compact(compiled))-1, strings.Count(string(sums), "\n"), strings.Count(required, "\n"))
}
