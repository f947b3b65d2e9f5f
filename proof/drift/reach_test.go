package drift_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	callable "github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// checkCalls requires that package proof/internal/operations has a call for each
// operation of the contract, and no other calls. The fault matrix and the simulation make
// all these calls.
func checkCalls(contract *openapi3.T) (found findings) {
	const where = "proof/internal/operations: "
	var want, got []string
	for _, op := range operations(contract) {
		want = append(want, op.verb+" "+op.OperationID)
	}
	for _, op := range callable.All() {
		got = append(got, op.Method+" "+op.ID)
	}
	found.addSets(where+"operations", want, got,
		"add a call to the service's file in this folder, or remove the call")
	return found
}

var operationConstant = regexp.MustCompile(`(?m)^\t\w+ +Operation = "(\w+)"$`)

// checkConstants requires that the sandbox has a constant for each operation.
func checkConstants(contract *openapi3.T) (found findings) {
	const file = "sandbox/operation.go"
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	current, _, _ := strings.Cut(string(text), "// Operations of later versions")
	var got []string
	for _, constant := range operationConstant.FindAllStringSubmatch(current, -1) {
		got = append(got, constant[1])
	}
	found.addSets(file, operationIDs(contract), got,
		"add a constant to the first list, or remove the constant")
	return found
}

// checkSandbox calls each operation on the sandbox, with the documented example as the
// request body. It requires that the sandbox recognizes the operation, and responds with
// status 2xx, 404 or 422.
func checkSandbox(contract *openapi3.T) findings {
	methods, found := wrapperMethods(contract)
	server, err := sandbox.New(sandbox.WithoutNetwork())
	if err != nil {
		found.addf("sandbox: %v", err)
		return found
	}
	// An error of Close does not matter, because the check has ended by then.
	defer func() { _ = server.Close() }()
	client, err := upvest.New(server.Credentials(), upvest.WithoutRetry(),
		upvest.WithHTTPClient(&http.Client{Transport: server.Transport()}))
	if err != nil {
		found.addf("sandbox: %v", err)
		return found
	}
	examples := requestExamples(contract)
	for _, op := range operations(contract) {
		method, known := methods[op.OperationID]
		if !known {
			found.addf("sandbox: %s cannot be called: %s", op.OperationID, methodRemedy(op))
			continue
		}
		var response upvest.Response
		// Most ids in the examples do not exist in the sandbox, which then returns 404.
		_, _ = method.call(
			context.Background(), client, sampleID, examples, upvest.WithResponse(&response))
		requests, err := server.Requests()
		if err != nil {
			found.addf("sandbox: %v", err)
			continue
		}
		last := requests[len(requests)-1]
		if string(last.Operation) != op.OperationID || response.Status != last.Status {
			found.addf("sandbox: %s: the sandbox handles the request as %q, "+
				"or records a different status than it sends: run make generate",
				op.OperationID, last.Operation)
			continue
		}
		switch {
		case last.Status/100 == 2, last.Status == http.StatusNotFound:
		case last.Status == http.StatusUnprocessableEntity:
		default:
			found.addf("sandbox: %s: the request with the documented example receives status %d: %s: "+
				"correct the handler in sandbox/internal/ledger",
				op.OperationID, last.Status, last.Detail)
		}
	}
	return found
}

// checkGoldenRequests requires that the folder of golden requests contains a request to
// each operation and to the token endpoint, and no requests to other operations.
func checkGoldenRequests(contract *openapi3.T) (found findings) {
	const folder = "wrapper/testdata/requests"
	entries, err := os.ReadDir(filepath.Join(repository, folder))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	var got []string
	for _, entry := range entries {
		// A list operation has a second file, for a request with filters.
		id, _, _ := strings.Cut(entry.Name(), ".")
		got = append(got, id)
	}
	slices.Sort(got)
	want := append(operationIDs(contract), string(sandbox.TokenOperation))
	found.addSets(folder, want, slices.Compact(got), "add a row to everyOperation in "+
		"wrapper/operations_test.go, then "+
		"run go test ./wrapper -run TestRequests -update; or remove the file")
	return found
}

var demoLine = regexp.MustCompile(`(?m)^ +\d+ +(\w+) +(2\d\d) +[0-9a-f-]{36} `)

// checkDemo requires that the demo prints a line with a success status and a request id
// for each operation, and no lines for other operations.
func checkDemo(contract *openapi3.T, printed string) (found findings) {
	var got []string
	for _, line := range demoLine.FindAllStringSubmatch(printed, -1) {
		got = append(got, line[1])
	}
	found.addSets("examples/tour/tour.go: the demo", operationIDs(contract), got,
		"add a call to one of the parts of the tour, or remove the call")
	return found
}

// tour builds the demo once for all tests and returns the path of the program.
var tour = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs(filepath.Join(repository, "build/go/tour"))
	if err != nil {
		return "", err
	}
	_, err = run(context.Background(), repository+"/examples", "go", "build", "-o", program, "./tour")
	return program, err
})

// demo runs the demo, which is the program examples/tour, and returns its output. The
// demo receives only HOME and the given environment variables, so the environment of the
// test cannot direct the demo to a different server.
func demo(t *testing.T, environment ...string) (string, error) {
	t.Helper()
	program, err := tour()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program)
	if len(environment) > 0 {
		command.Args = append(command.Args,
			"-write", "-account", sampleID.String(), "-user", sampleID.String())
	}
	command.Env = append([]string{"HOME=" + t.TempDir()}, environment...)
	printed, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("run the demo: %w\n%s", err, printed)
	}
	return string(printed), err
}

// TestDemoReachesEveryOperation requires that the demo calls every operation, and that
// checkDemo reports an operation that is missing or fails.
func TestDemoReachesEveryOperation(t *testing.T) {
	t.Parallel()
	contract := readContract(t)
	printed, err := demo(t)
	if err != nil {
		t.Fatal(err)
	}
	found := checkDemo(parse(t, contract), printed)
	found.report(t)
	const renamed = "operationId: list_portfolios_orders"
	for _, control := range []struct {
		name     string
		contract string
		printed  string
		want     string
	}{
		{
			name:     "a new operation",
			contract: edit(t, contract, "", renamed, "operationId: list_orders"),
			printed:  printed,
			want:     "list_orders is missing",
		},
		{
			name:     "an operation without a line in the output",
			contract: contract,
			printed:  strings.ReplaceAll(printed, "cancel_portfolios_order", ""),
			want:     "cancel_portfolios_order is missing",
		},
		{
			name:     "an operation whose line has an error status",
			contract: contract,
			printed:  strings.ReplaceAll(printed, "  204  ", "  501  "),
			want:     "cancel_portfolios_order is missing",
		},
	} {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			requireFinding(t, checkDemo(parse(t, control.contract), control.printed), control.want)
		})
	}
}
