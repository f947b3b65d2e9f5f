package drift_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowedModules are what a program may get compiled in for importing the wrapper.
var allowedModules = []string{
	"github.com/d8277167/upvest-portfolios-go",
	"github.com/oapi-codegen/runtime",
	"github.com/apapsch/go-jsonmerge/v2", // by oapi-codegen/runtime
	"github.com/go-json-experiment/json",
	"github.com/google/uuid",
	"golang.org/x/crypto",
	"golang.org/x/oauth2",
}

// importerModules builds a program of a module outside of the repository that imports a
// package, and returns the modules in it.
func importerModules(t *testing.T, imported string) ([]string, error) {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	// The sums are those that the repository has checked; nothing else may come in.
	sums, err := os.ReadFile(filepath.Join(root, "sandbox/go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/d8277167/upvest-portfolios-go"
	folder := t.TempDir()
	for name, text := range map[string]string{
		"main.go": fmt.Sprintf("package main\n\nimport _ %q\n\nfunc main() {}\n", module+imported),
		"go.sum":  string(sums),
		"go.mod": fmt.Sprintf("module example.com/importer\n\ngo 1.26.0\n\nrequire %[1]s v0.0.0\nrequire %[1]s/sandbox v0.0.0\n"+
			"replace %[1]s => %[2]s\nreplace %[1]s/sandbox => %[2]s/sandbox\n", module, root),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run(
		t.Context(),
		folder,
		"go",
		"build",
		"-mod=mod",
		"-o",
		filepath.Join(folder, "importer"),
		".",
	); err != nil {
		return nil, err
	}
	printed, err := run(
		t.Context(),
		folder,
		"go",
		"list",
		"-mod=mod",
		"-deps",
		"-f",
		"{{with .Module}}{{.Path}}{{end}}",
		".",
	)
	if err != nil {
		return nil, err
	}
	modules := strings.Fields(printed)
	slices.Sort(modules)
	return slices.DeleteFunc(
		slices.Compact(modules),
		func(name string) bool { return name == "example.com/importer" },
	), nil
}

// checkImporter: the program builds, with the allowed modules in it and no others.
func checkImporter(t *testing.T, imported string) []string {
	t.Helper()
	modules, err := importerModules(t, imported)
	if err != nil {
		return []string{err.Error()}
	}
	return compareSets("importer", allowedModules, modules)
}

func TestImporterGetsFewModules(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	for _, finding := range checkImporter(t, "/wrapper") {
		t.Error(finding)
	}
}

func TestImporterOfMoreIsFound(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	for imported, want := range map[string]string{
		"/sandbox":                 "github.com/getkin/kin-openapi is left over",
		"/sandbox/internal/ledger": "use of internal package",
	} {
		if findings := strings.Join(checkImporter(t, imported), "\n"); !strings.Contains(findings, want) {
			t.Errorf("%s: want a finding with %q, got %q", imported, want, findings)
		}
	}
}
