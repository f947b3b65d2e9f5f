package drift_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/exported and docs/api.md before comparing them")

// exported returns the exported declarations of a package, without comments or function
// bodies.
func exported(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return "", err
	}
	var declarations []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", fmt.Errorf("read the exported declarations of %s: %w", folder, err)
		}
		ast.FileExports(file)
		for _, declaration := range file.Decls {
			text, err := printDeclaration(set, declaration)
			if err != nil {
				return "", fmt.Errorf("print the exported declarations of %s: %w", folder, err)
			}
			if text != "" {
				declarations = append(declarations, text)
			}
		}
	}
	slices.Sort(declarations)
	return strings.Join(declarations, "\n\n") + "\n", nil
}

func printDeclaration(set *token.FileSet, declaration ast.Decl) (string, error) {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		if declaration.Recv != nil && !ast.IsExported(receiver(declaration)) {
			return "", nil
		}
		declaration.Body = nil
	case *ast.GenDecl:
		if declaration.Tok == token.IMPORT {
			return "", nil
		}
	}
	var text bytes.Buffer
	if err := printer.Fprint(&text, set, declaration); err != nil {
		return "", err
	}
	// Removing the comments leaves blank lines.
	lines := slices.DeleteFunc(strings.Split(text.String(), "\n"), isBlank)
	return strings.Join(lines, "\n"), nil
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// receiver returns the name of the receiver type of a method.
func receiver(method *ast.FuncDecl) (name string) {
	ast.Inspect(method.Recv.List[0].Type, func(node ast.Node) bool {
		if identifier, ok := node.(*ast.Ident); ok && name == "" {
			name = identifier.Name
		}
		return true
	})
	return name
}

// TestExportedAPIMatchesSnapshot requires that the exported declarations match
// testdata/exported, so that the public API does not change by accident.
func TestExportedAPIMatchesSnapshot(t *testing.T) {
	for _, name := range []string{"api", "generated", "wrapper"} {
		got, err := exported(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		snapshot := filepath.Join("testdata/exported", name+".txt")
		if *update {
			if err := os.WriteFile(snapshot, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		var found findings
		found.addSets(name, strings.Split(string(want), "\n"), strings.Split(got, "\n"),
			"if the change is intended, run go test -run Exported ./drift -update in proof/")
		found.report(t)
		if got != string(want) && len(found) == 0 {
			t.Errorf("%s: the order of the exported declarations differs from the snapshot: "+
				"run go test -run Exported ./drift -update in proof/", name)
		}
	}
}

// TestSnapshotContainsExportedAPI requires that the snapshot contains exactly the
// declarations on which importers can depend.
func TestSnapshotContainsExportedAPI(t *testing.T) {
	t.Parallel()
	const source = `package p
// Kept is a comment.
type Kept struct { Field string; hidden int }
type hidden struct{}
const Value Kind = "v"
type Kind string
var hiddenValue = 1
func (Kept) Method(a int) error { return nil }
func (hidden) Method() {}
func New(options ...Kind) *Kept { return nil }
`
	printed := func(source string) string {
		folder := filepath.Dir(writeFile(t, "p.go", source))
		text, err := exported(folder)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want := printed(source)
	for _, change := range [][2]string{
		{"Field string", "Field int"},
		{"Field string", "Other string"},
		{`= "v"`, `= "w"`},
		{"Kind string", "Kind int"},
		{"a int", "a uint"},
		{"options ...Kind", "options []Kind"},
		{"func New", "func Make"},
		{"type Kept struct {", "type Kept struct { New bool;"},
		{"func (Kept)", "func (*Kept)"},
	} {
		if printed(strings.Replace(source, change[0], change[1], 1)) == want {
			t.Errorf("the snapshot did not change after %q replaced %q, want a change", change[1], change[0])
		}
	}
	for _, change := range [][2]string{
		{"is a comment", "is another"},
		{"hidden int", "hidden bool"},
		{"return nil }\n", "return error(nil) }\n"},
		{"hiddenValue = 1", "hiddenValue = 2"},
		{"func (hidden) Method()", "func (hidden) Other()"},
	} {
		if got := printed(strings.Replace(source, change[0], change[1], 1)); got != want {
			t.Errorf("the snapshot changed after %q replaced %q, want no change:\n%s",
				change[1], change[0], got)
		}
	}
}
