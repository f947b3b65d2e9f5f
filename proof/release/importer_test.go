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

// readme returns the go commands and the program of the README's first order.
func readme(t *testing.T) (orders []string, program string) {
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
		t.Fatal("the README has no go get with a program after it")
	}
	for order := range strings.Lines(string(found[1])) {
		orders = append(orders, strings.TrimPrefix(order, "go "))
	}
	return orders, string(found[2])
}

// importer is a module outside of this repository.
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

// weight returns how many modules the importer has.
func (i importer) weight(t *testing.T) string {
	t.Helper()
	sums, err := os.ReadFile(filepath.Join(i.folder, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	compiled := strings.Fields(i.run(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(compiled)
	required := i.run(t, "list", "-m", "all")
	return fmt.Sprintf("%d modules compiled in, this repository's among them; "+
		"go.sum has %d lines, go list -m all %d",
		len(slices.Compact(compiled))-1, strings.Count(string(sums), "\n"), strings.Count(required, "\n"))
}
