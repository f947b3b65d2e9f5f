package drift_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowedModules are the only modules that an importer of the wrapper may compile.
var allowedModules = []string{
	"github.com/d8277167/upvest-portfolios-go",
	"github.com/oapi-codegen/runtime",
	"github.com/apapsch/go-jsonmerge/v2", // required by oapi-codegen/runtime
	"github.com/go-json-experiment/json",
	"github.com/google/uuid",
	"golang.org/x/oauth2",
}

const (
	rootModule   = "github.com/d8277167/upvest-portfolios-go"
	importerPath = "example.com/importer"
)

// newImporter writes a module that is outside the repository and imports one of the
// repository's packages. It returns the folder of the module.
func newImporter(t *testing.T, imported string) string {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	// With the checksums in this file, the go command does not ask the checksum database.
	sums, err := os.ReadFile(filepath.Join(root, "sandbox/go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	goMod := fmt.Sprintf(`module %[1]s

go 1.26.0

require %[2]s v0.0.0
require %[2]s/sandbox v0.0.0
replace %[2]s => %[3]s
replace %[2]s/sandbox => %[3]s/sandbox
`, importerPath, rootModule, root)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"main.go": fmt.Sprintf("package main\n\nimport _ %q\n\nfunc main() {}\n", rootModule+imported),
		"go.sum":  string(sums),
		"go.mod":  goMod,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// checkImporter requires that a program that imports the given package contains exactly
// the allowed modules, and that the program builds.
func checkImporter(t *testing.T, imported string) (found findings) {
	t.Helper()
	folder := newImporter(t, imported)
	const ofPackage = "{{with .Module}}{{.Path}}{{end}}"
	printed, err := run(t.Context(), folder, "go", "list", "-mod=mod", "-deps", "-f", ofPackage, ".")
	if err != nil {
		found.addf("wrapper: a module that imports %s does not build: %v", imported, err)
		return found
	}
	modules := strings.Fields(printed)
	slices.Sort(modules)
	modules = slices.DeleteFunc(modules, func(name string) bool { return name == importerPath })
	found.addSets("wrapper: modules that an importer compiles", allowedModules, slices.Compact(modules),
		"remove the import, or correct allowedModules in proof/drift/importer_test.go")
	if len(found) > 0 {
		return found
	}
	if _, err := run(t.Context(), folder, "go", "build", "-mod=mod", "-o", "importer", "."); err != nil {
		found.addf("wrapper: a module that imports %s does not build: %v", imported, err)
	}
	return found
}

func TestImporterCompilesOnlyAllowedModules(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	found := checkImporter(t, "/wrapper")
	found.report(t)
}

// TestForbiddenImportsAreFound requires that checkImporter reports an importer that
// compiles other modules than the allowed ones, and an importer of an internal package.
func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	requireFinding(t, checkImporter(t, "/sandbox"), "github.com/getkin/kin-openapi is unexpected")
	requireFinding(t, checkImporter(t, "/sandbox/internal/ledger"), "use of internal package")
}
