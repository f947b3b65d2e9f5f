package drift_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// methodComments returns the doc comment of each exported method of a package, joined
// into one line. The keys have the form Type.Method, such as Orders.Create.
func methodComments(folder string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		mode := parser.ParseComments | parser.SkipObjectResolution
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, mode)
		if err != nil {
			return nil, fmt.Errorf("read the comments of %s: %w", folder, err)
		}
		for _, declaration := range file.Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if ok && method.Recv != nil && method.Name.IsExported() {
				comment := strings.Join(strings.Fields(method.Doc.Text()), " ")
				comments[receiver(method)+"."+method.Name.Name] = comment
			}
		}
	}
	return comments, nil
}

// scopes returns a string with the scopes that an operation accepts, such as
// "portfolios:read or portfolios:admin".
func (o operation) scopes() string {
	var names []string
	for _, requirement := range o.requirements() {
		for _, scopes := range requirement {
			names = append(names, scopes...)
		}
	}
	return strings.Join(names, " or ")
}

// checkComments requires that the doc comment of the wrapper's method for each operation
// names the route, the scope, the source and the errors to handle.
func checkComments(contract *openapi3.T) (found findings) {
	comments, err := methodComments(repository + "/wrapper")
	if err != nil {
		found.addf("%v", err)
		return found
	}
	methods, _ := wrapperMethods(contract) // checkWrapper reports the discarded findings
	for _, op := range operations(contract) {
		method, known := methods[op.OperationID]
		if !known {
			continue
		}
		for _, part := range []string{
			fmt.Sprintf("(%s %s, scope %s)", op.verb, op.path, op.scopes()),
			fmt.Sprintf("Source: docs.upvest.co, %q.", op.Summary),
			"Errors to handle: ",
		} {
			if !strings.Contains(comments[method.String()], part) {
				found.addf(ofWrapper+"the comment of %s does not contain %q: add it", method, part)
			}
		}
	}
	return found
}

// TestWrongCommentsAreFound changes the contract, and requires that checkComments reports
// the doc comments that no longer match.
func TestWrongCommentsAreFound(t *testing.T) {
	text := readContract(t)
	for change, want := range map[[3]string]string{
		{"operationId: create_portfolios_order", "['portfolios:admin']", "['portfolios:read']"}: "" +
			`Orders.Create does not contain "(POST /portfolios/orders, scope portfolios:read)"`,
		{"operationId: cancel_portfolios_order", "Cancel portfolios order", "Cancel an order"}: "" +
			`Orders.Cancel does not contain "Source: docs.upvest.co, \"Cancel an order\"."`,
	} {
		changed := edit(t, text, change[0], change[1], change[2])
		requireFinding(t, checkComments(parse(t, changed)), want)
	}
}
