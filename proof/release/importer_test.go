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

// readme returns the README's block of go commands, which starts with go get, and the
// program that follows this block.
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
		t.Fatal("the README has no block that starts with go get, or no program after this block")
	}
	for command := range strings.Lines(string(found[1])) {
		commands = append(commands, strings.TrimPrefix(command, "go "))
	}
	return commands, string(found[2])
}

// importer is a module outside this repository. It imports modules of the repository.
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

// weight returns a sentence that states how many modules the importer compiles, and how
// many modules it requires.
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
