package drift_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// checkSandbox: the sandbox takes the request of each operation for that operation, and
// has an answer that is meant.
func checkSandbox(contract *openapi3.T) []string {
	methods, findings := wrapperMethods(contract)
	server, err := sandbox.New()
	if err != nil {
		return []string{err.Error()}
	}
	defer func() { _ = server.Close() }() // nothing of it is used afterwards
	access := server.Client()
	client, err := upvest.New(upvest.Credentials{
		BaseURL: server.URL(), ClientID: access.ID, ClientSecret: access.Secret,
		KeyID: access.KeyID, PrivateKey: access.PrivateKey, Scopes: access.Scopes,
	}, upvest.WithoutRetry())
	if err != nil {
		return []string{err.Error()}
	}
	for _, op := range operations(contract) {
		method, found := methods[op.OperationID]
		if !found {
			findings = append(findings, op.OperationID+": there is no method to reach the sandbox with")
			continue
		}
		var answer upvest.Response
		// Most ids in the examples name nothing: that is for the sandbox to say.
		_, _ = method.call(
			context.Background(), client, sampleID, requestExamples(contract), upvest.WithResponse(&answer))
		requests := server.Requests()
		last := requests[len(requests)-1]
		if last.Operation != op.OperationID || answer.Status != last.Status {
			findings = append(
				findings,
				fmt.Sprintf("%s: the sandbox takes the request for %q", op.OperationID, last.Operation),
			)
		}
		if last.Status/100 != 2 && last.Status != http.StatusNotFound &&
			last.Status != http.StatusUnprocessableEntity {
			findings = append(
				findings,
				fmt.Sprintf("%s: the sandbox answers %d: %s", op.OperationID, last.Status, answer.Body),
			)
		}
	}
	return findings
}

// checkGoldenRequests: each operation, and the token endpoint, has its request as a file,
// and each file an operation.
func checkGoldenRequests(contract *openapi3.T) []string {
	entries, err := os.ReadDir(filepath.Join(repository, "wrapper/testdata/requests"))
	if err != nil {
		return []string{err.Error()}
	}
	want, got := []string{sandbox.TokenOperation}, []string{}
	for _, op := range operations(contract) {
		want = append(want, op.OperationID)
	}
	for _, entry := range entries {
		name, _, _ := strings.Cut(entry.Name(), ".")
		got = append(got, name)
	}
	return compareSets("golden requests", want, got)
}

var demoLine = regexp.MustCompile(`(?m)^ +\d+ +(\w+) +(2\d\d) +[0-9a-f-]{36} `)

// checkDemo: each operation has a line in what the demo prints, with a success and a
// request id, and each such line an operation.
func checkDemo(contract *openapi3.T, printed string) []string {
	var want, got []string
	for _, op := range operations(contract) {
		want = append(want, op.OperationID)
	}
	for _, line := range demoLine.FindAllStringSubmatch(printed, -1) {
		got = append(got, line[1])
	}
	return compareSets("demo", want, got)
}

// demo runs the demo and returns what it printed. It sees these variables of the
// environment and no others, so that it never reaches a server that somebody has set up
// in theirs.
func demo(t *testing.T, environment ...string) (string, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "demo")
	if _, err := run(
		t.Context(),
		repository+"/examples",
		"go",
		"build",
		"-o",
		program,
		"./tour",
	); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program)
	if len(environment) > 0 {
		command.Args = append(
			command.Args,
			"-write",
			"-account",
			sampleID.String(),
			"-user",
			sampleID.String(),
		)
	}
	command.Env = append([]string{"HOME=" + t.TempDir()}, environment...)
	printed, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("run the demo: %w\n%s", err, printed)
	}
	return string(printed), err
}

func TestDemoReachesEveryOperation(t *testing.T) {
	t.Parallel()
	contract := readContract(t)
	printed, err := demo(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range checkDemo(parse(t, contract), printed) {
		t.Error(finding)
	}
	for _, control := range []struct{ name, contract, printed, want string }{
		{
			name:     "a new operation",
			contract: edit(t, contract, "", "operationId: list_portfolios_orders", "operationId: list_orders"),
			printed:  printed,
			want:     "list_orders is missing",
		},
		{
			name:     "a removed line",
			contract: contract,
			printed:  strings.ReplaceAll(printed, "cancel_portfolios_order", ""),
			want:     "cancel_portfolios_order is missing",
		},
		{
			name:     "a failure",
			contract: contract,
			printed:  strings.ReplaceAll(printed, "  204  ", "  501  "),
			want:     "cancel_portfolios_order is missing",
		},
	} {
		if findings := checkDemo(
			parse(t, control.contract),
			control.printed,
		); !strings.Contains(
			strings.Join(findings, "\n"),
			control.want,
		) {
			t.Errorf("%s: want a finding with %q, got %q", control.name, control.want, findings)
		}
	}
}
