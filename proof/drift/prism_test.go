package drift_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// prism starts Prism on a free port and returns its URL. It ends with the test.
func prism(t *testing.T, arguments ...string) string {
	t.Helper()
	program := nodeProgram(t, "prism")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var output bytes.Buffer
	command := exec.CommandContext(ctx, program, append(arguments, "--host", "127.0.0.1", "--port", port)...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("Prism printed:\n%s", output.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatalf("Prism does not listen: %v", err)
		}
	}
}

// checkMock: each operation succeeds on Prism's mock of a contract, and gives the caller
// a documented example.
func checkMock(t *testing.T, mocked string) []string {
	t.Helper()
	contract := parse(t, readContract(t))
	access, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	client, err := upvest.New(upvest.Credentials{
		BaseURL: prism(t, "mock", mocked), ClientID: access.ID, ClientSecret: access.Secret,
		KeyID: access.KeyID, PrivateKey: access.PrivateKey, Scopes: []string{sandbox.ScopeAdmin},
	}, withStaticToken(), upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	methods, findings := wrapperMethods(contract)
	for _, op := range operations(contract) {
		var answer upvest.Response
		value, err := methods[op.OperationID].call(
			t.Context(), client, documentedID(op), requestExamples(contract), upvest.WithResponse(&answer))
		if err != nil {
			findings = append(findings, fmt.Sprintf("%s: %v\n%s", op.OperationID, err, answer.Body))
			continue
		}
		if media := op.Responses.Status(answer.Status).Value.Content["application/json"]; media != nil &&
			!isExample(t, media, value) {
			findings = append(findings, op.OperationID+": what comes back is not a documented example")
		}
	}
	return findings
}

func isExample(t *testing.T, media *openapi3.MediaType, value any) bool {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, example := range bodies(media) {
		lost := 0
		for _, problem := range differences("", example, got) {
			if problem.pointer != "/allocation_id" { // the oddity of a liquidation
				lost++
			}
		}
		if lost == 0 {
			return true
		}
	}
	return false
}

func TestWrapperRunsOnPrism(t *testing.T) {
	t.Parallel()
	for _, finding := range checkMock(t, contractFile) {
		t.Error(finding)
	}
}

// prismControl is an edit of the contract and a part of what a check has to find then.
type prismControl struct{ name, after, old, new, want string }

func requireFindings(t *testing.T, check func(*testing.T, string) []string, controls []prismControl) {
	t.Helper()
	contract := readContract(t)
	for _, control := range controls {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			bad := writeFile(t, "openapi.yaml", edit(t, contract, control.after, control.old, control.new))
			if findings := strings.Join(check(t, bad), "\n"); !strings.Contains(findings, control.want) {
				t.Errorf("want a finding with %q, got %s", control.want, findings)
			}
		})
	}
}

func TestPrismFindsBadRequests(t *testing.T) {
	t.Parallel()
	requireFindings(t, checkMock, []prismControl{
		{
			name:  "a body without a field",
			after: "    OrderRequest:",
			old:   "required: [user_id",
			new:   "required: [venue, user_id",
			want:  "create_portfolios_order: create_portfolios_order: 400",
		},
		{
			name:  "a header that is not sent",
			after: "    UpvestAPIVersion:",
			old:   "name: upvest-api-version\n      in: header",
			new:   "name: x-api-version\n      required: true\n      in: header",
			want:  "list_portfolios_orders: list_portfolios_orders: 400",
		},
	})
}

// checkProxy runs the demo on the sandbox, through Prism as a proxy that turns every
// violation of a contract into an error.
func checkProxy(t *testing.T, contract string) []string {
	t.Helper()
	access, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.WithOrderDelay(100*time.Millisecond), sandbox.WithClients(access))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // nothing of it is used afterwards
	front := httptest.NewServer(
		aroundProxy(t, server.URL(), prism(t, "proxy", contract, server.URL(), "--errors")),
	)
	t.Cleanup(front.Close)
	key, err := x509.MarshalPKCS8PrivateKey(access.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := demo(
		t,
		"UPVEST_API_BASE_URL="+front.URL,
		"UPVEST_API_CLIENT_ID="+access.ID.String(),
		"UPVEST_API_CLIENT_SECRET="+access.Secret,
		"UPVEST_API_KEY_ID="+access.KeyID,
		"UPVEST_API_SCOPES="+sandbox.ScopeRead+","+sandbox.ScopeAdmin,
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY="+string(
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		),
	)
	findings := checkDemo(parse(t, readContract(t)), printed)
	if err != nil {
		findings = append(findings, err.Error())
	}
	return findings
}

// aroundProxy sends requests to the proxy, but for those of the token endpoint, which is
// in no contract.
func aroundProxy(t *testing.T, server, proxy string) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	for path, target := range map[string]string{"/": proxy, "/auth/token": server} {
		to, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(path, httputil.NewSingleHostReverseProxy(to))
	}
	return mux
}

func TestSandboxPassesPrism(t *testing.T) {
	t.Parallel()
	for _, finding := range checkProxy(t, contractFile) {
		t.Error(finding)
	}
}

func TestPrismFindsViolations(t *testing.T) {
	t.Parallel()
	requireFindings(t, checkProxy, []prismControl{
		{
			name:  "an answer without a field",
			after: "    Configuration:",
			old:   "required: [created_at",
			new:   "required: [venue, created_at",
			want:  "create_portfolios_configuration: 500 Internal Server Error",
		},
		{
			name:  "a request without a header",
			after: "operationId: update_portfolios_allocation",
			old:   "      parameters:\n",
			new:   "      parameters:\n        - $ref: '#/components/parameters/IdempotencyKey'\n",
			want:  "update_portfolios_allocation: 422",
		},
	})
}
