package drift_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
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

// prism starts Prism, a mock server and proxy for OpenAPI contracts, on a free port. It
// waits until Prism listens, and returns Prism's URL. Prism stops at the end of the test.
func prism(t *testing.T, arguments ...string) string {
	t.Helper()
	program := nodeProgram(t, "prism")
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, append(arguments, "--host", "127.0.0.1", "--port", "0")...)
	output, printing := io.Pipe()
	command.Stdout = printing
	command.Stderr = printing
	if err := command.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	var errWait error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		errWait = command.Wait()
		_ = printing.Close() // closing an in-memory pipe does not fail
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	var printed strings.Builder
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		printed.WriteString(lines.Text() + "\n")
		if _, address, found := strings.Cut(lines.Text(), "Prism is listening on "); found {
			go func() { _, _ = io.Copy(io.Discard, output) }() // returns when Prism exits
			return strings.TrimSpace(address)
		}
	}
	<-ended
	t.Fatalf("Prism exited with the error %v before it listened on a port:\n%s", errWait, printed.String())
	return ""
}

// checkMock requires that each operation succeeds on Prism's mock server for the given
// contract, and returns a documented example.
func checkMock(t *testing.T, mocked string) findings {
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
	methods, found := wrapperMethods(contract)
	examples := requestExamples(contract)
	for _, op := range operations(contract) {
		method, known := methods[op.OperationID]
		if !known {
			found.addf("wrapper: %s cannot be called on Prism: %s", op.OperationID, methodRemedy(op))
			continue
		}
		var response upvest.Response
		value, err := method.call(
			t.Context(), client, documentedID(op), examples, upvest.WithResponse(&response))
		if err != nil {
			found.addf("wrapper: %s on Prism: %v: %s: send what openapi.yaml documents",
				op.OperationID, err, oneLine(response.Body))
			continue
		}
		documented := op.Responses.Status(response.Status)
		if documented == nil || !isExample(t, documented.Value.Content["application/json"], value) {
			found.addf("wrapper: %s on Prism: the method does not return a documented example: %s",
				op.OperationID, retype)
		}
	}
	return found
}

// oneLine returns a response body on one line.
func oneLine(body []byte) string { return strings.Join(strings.Fields(string(body)), " ") }

// isExample reports whether a value is a documented example. If the response has no body,
// the value must be nil.
func isExample(t *testing.T, media *openapi3.MediaType, value any) bool {
	t.Helper()
	if media == nil {
		return value == nil
	}
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
			// knownDeviations lists this deviation in the response to a liquidation.
			if problem.pointer != "/allocation_id" {
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
	found := checkMock(t, contractFile)
	found.report(t)
}

// requireFindings adds the mistake of each control to a copy of the contract, and
// requires that the check reports the mistake.
func requireFindings(t *testing.T, check func(*testing.T, string) findings, controls []control) {
	t.Helper()
	contract := readContract(t)
	for _, control := range controls {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			bad := writeFile(t, "openapi.yaml", control.edit(t, contract))
			requireFinding(t, check(t, bad), control.want)
		})
	}
}

func TestPrismFindsBadRequests(t *testing.T) {
	t.Parallel()
	requireFindings(t, checkMock, []control{
		{
			name:  "a request body without a required field",
			after: "    OrderRequest:",
			old:   "required: [user_id",
			new:   "required: [venue, user_id",
			want:  "create_portfolios_order on Prism: create_portfolios_order: 400",
		},
		{
			name:  "a request without a required header",
			after: "    UpvestAPIVersion:",
			old:   "name: upvest-api-version\n      in: header",
			new:   "name: x-api-version\n      required: true\n      in: header",
			want:  "list_portfolios_orders on Prism: list_portfolios_orders: 400",
		},
	})
}

// checkProxy runs the demo against the sandbox through Prism. Prism acts as a proxy that
// returns an error for each violation of the contract.
func checkProxy(t *testing.T, contract string) findings {
	t.Helper()
	access, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.WithOrderDelay(100*time.Millisecond), sandbox.WithClients(access))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // the test no longer uses the server
	proxy := prism(t, "proxy", contract, server.URL(), "--errors")
	front := httptest.NewServer(aroundProxy(t, server.URL(), proxy))
	t.Cleanup(front.Close)
	printed, err := demo(t,
		"UPVEST_API_BASE_URL="+front.URL,
		"UPVEST_API_CLIENT_ID="+access.ID.String(),
		"UPVEST_API_CLIENT_SECRET="+access.Secret,
		"UPVEST_API_KEY_ID="+access.KeyID,
		"UPVEST_API_SCOPES="+sandbox.ScopeRead+","+sandbox.ScopeAdmin,
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY="+keyAsPEM(t, access.PrivateKey))
	found := checkDemo(parse(t, readContract(t)), printed)
	if err != nil {
		lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
		found.addf("sandbox: the demo fails through Prism: %s: correct the sandbox, or openapi.yaml",
			lines[len(lines)-1])
	}
	return found
}

func keyAsPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// aroundProxy returns a handler that sends token requests to the server, because the
// contract does not contain the token endpoint. The handler sends all other requests to
// the proxy.
func aroundProxy(t *testing.T, server, proxy string) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	toProxy, errProxy := url.Parse(proxy)
	toServer, errServer := url.Parse(server)
	if err := errors.Join(errProxy, errServer); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", httputil.NewSingleHostReverseProxy(toProxy))
	mux.Handle("/auth/token", httputil.NewSingleHostReverseProxy(toServer))
	return mux
}

func TestSandboxFollowsContract(t *testing.T) {
	t.Parallel()
	found := checkProxy(t, contractFile)
	found.report(t)
}

func TestPrismFindsViolations(t *testing.T) {
	t.Parallel()
	requireFindings(t, checkProxy, []control{
		{
			name:  "a response without a required field",
			after: "    Configuration:",
			old:   "required: [created_at",
			new:   "required: [venue, created_at",
			want:  "create_portfolios_configuration: 500 Internal Server Error",
		},
		{
			name:  "a PUT without an idempotency key",
			after: "operationId: update_portfolios_allocation",
			old:   "      parameters:\n",
			new:   "      parameters:\n        - $ref: '#/components/parameters/IdempotencyKey'\n",
			want:  "update_portfolios_allocation: 422",
		},
	})
}
