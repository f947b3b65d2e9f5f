package handlers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const (
	generatedFile = "../../sandbox/internal/contract/contract.gen.go"
	handlerFolder = "../../sandbox/internal/ledger"
)

// missing returns a finding for each method of the generated interface that no type in
// the ledger's package has. The parameter `generated` is the content of the file with the
// interface. The parameter `handlers` contains the Go files of the ledger's package.
func missing(generated string, handlers ...string) ([]string, error) {
	wanted, err := interfaceMethods(generated)
	if err != nil {
		return nil, err
	}
	var got []string
	for _, source := range handlers {
		methods, err := ledgerMethods(source)
		if err != nil {
			return nil, err
		}
		got = append(got, methods...)
	}
	var findings []string
	for _, name := range wanted {
		if !slices.Contains(got, name) {
			findings = append(findings, fmt.Sprintf("sandbox/internal/ledger: %[1]s has no handler, "+
				"and the sandbox does not compile: add the method (*Ledger).%[1]s", name))
		}
	}
	return findings, nil
}

func interfaceMethods(source string) (names []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), generatedFile, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the generated interface: %w", err)
	}
	for node := range ast.Preorder(file) {
		spec, isType := node.(*ast.TypeSpec)
		if !isType || spec.Name.Name != "StrictServerInterface" {
			continue
		}
		if methods, isInterface := spec.Type.(*ast.InterfaceType); isInterface {
			for _, method := range methods.Methods.List {
				names = append(names, method.Names[0].Name)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no StrictServerInterface", generatedFile)
	}
	return names, nil
}

func ledgerMethods(source string) (names []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), handlerFolder, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	for _, declaration := range file.Decls {
		if function, isFunction := declaration.(*ast.FuncDecl); isFunction && function.Recv != nil {
			names = append(names, function.Name.Name)
		}
	}
	return names, nil
}

func TestEachOperationHasHandler(t *testing.T) {
	generated, err := os.ReadFile(generatedFile)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(handlerFolder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var handlers []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		handlers = append(handlers, string(text))
	}
	findings, err := missing(string(generated), handlers...)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Error(finding)
	}
}

func TestMissingHandlerIsFound(t *testing.T) {
	const generated = "package contract\n\ntype StrictServerInterface interface {\n\tList()\n\tCreate()\n}\n"
	const ledger = "package ledger\n\nfunc (l *Ledger) List() {}\n\nfunc Create() {}\n"
	findings, err := missing(generated, ledger)
	if err != nil {
		t.Fatal(err)
	}
	want := "sandbox/internal/ledger: Create has no handler, " +
		"and the sandbox does not compile: add the method (*Ledger).Create"
	if !slices.Equal(findings, []string{want}) {
		t.Errorf("missing returned the findings %q, want only %q", findings, want)
	}
}
