package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// asClientOf is the name of an environment variable. If the variable is set, the test
// binary runs as a client with the credentials in its environment. The client does not
// resolve host names: it connects to the address in the variable.
const asClientOf = "RUN_AS_CLIENT_OF"

func runClient(address string) {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	fmt.Println(callThrough(&http.Client{Transport: transport}))
}

func callThrough(through *http.Client) error {
	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	client, err := upvest.New(credentials, upvest.WithHTTPClient(through))
	if err != nil {
		return err
	}
	_, err = client.Allocations.List(context.Background(), portfolios.ListPortfoliosAllocationsParams{})
	return err
}

// hostName is a host name that DNS does not resolve. The client of these tests needs no
// DNS.
const hostName = "sandbox.internal"

// freeAddress returns a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// TestTLS requires that this repository's client reaches the program over https under the
// host name of -url, with only the variables that the program wrote.
func TestTLS(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("SSL_CERT_FILE has no effect on Go programs on this operating system")
	}
	keys := t.TempDir()
	given := filepath.Join(t.TempDir(), "given.pem")
	for _, extra := range [][]string{{}, {"-key-as", "base64"}, {"-tls-ca", given}} {
		address := freeAddress(t)
		file := filepath.Join(t.TempDir(), "variables.json")
		flags := append([]string{
			"-tls", "-keys", keys, "-address", address, "-url", "https://" + hostName,
			"-env-file", file, "-env-form", "json",
		}, extra...)
		run := startRun(t, flags...)
		var variables map[string]string
		if err := json.Unmarshal([]byte(content(t, file)), &variables); err != nil {
			t.Fatal(err)
		}
		if variables["UPVEST_API_BASE_URL"] != "https://"+hostName {
			t.Errorf("the base URL is %s, want the URL of -url", variables["UPVEST_API_BASE_URL"])
		}
		client := clientProcess(t, address, variables)
		if got, err := client.CombinedOutput(); err != nil || string(got) != "<nil>\n" {
			t.Errorf("%q: the client printed %s with the error %v, want success", extra, got, err)
		}
		// Without the bundle, the client does not trust the sandbox.
		distrusting := clientProcess(t, address, variables)
		distrusting.Env = append(distrusting.Env, "SSL_CERT_FILE=/etc/hostname", "SSL_CERT_DIR=/nowhere")
		if got, err := distrusting.CombinedOutput(); err != nil ||
			!strings.Contains(string(got), "unknown authority") {
			t.Errorf("%q: without the bundle, the client printed %s (error %v), want \"unknown authority\"",
				extra, got, err)
		}
		bundle := content(t, variables["SSL_CERT_FILE"])
		if variables["REQUESTS_CA_BUNDLE"] != variables["SSL_CERT_FILE"] ||
			variables["NODE_EXTRA_CA_CERTS"] != variables["SSL_CERT_FILE"] || !holdsSystemRoots(bundle) {
			t.Errorf("%q: a variable does not name the bundle, or the bundle lacks the system's certificates",
				extra)
		}
		write(t, given, content(t, filepath.Join(keys, "authority.pem")))
		run.end(t)
	}
}

func clientProcess(t *testing.T, address string, variables map[string]string) *exec.Cmd {
	t.Helper()
	process := command(t)
	process.Env = []string{asClientOf + "=" + address}
	for name, value := range variables {
		process.Env = append(process.Env, name+"="+value)
	}
	return process
}

// holdsSystemRoots reports whether the bundle contains the first root certificate of this
// machine. It returns true if the machine does not have the usual file of certificates.
func holdsSystemRoots(bundle string) bool {
	system, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		return true
	}
	block, _ := pem.Decode(system)
	return block != nil && strings.Contains(bundle, string(pem.EncodeToMemory(block)))
}

func TestAuthorityIsReused(t *testing.T) {
	keys := t.TempDir()
	var first string
	for range 2 {
		startRun(t, "-tls", "-keys", keys, "-env-file", filepath.Join(t.TempDir(), "variables")).end(t)
		made := content(t, filepath.Join(keys, "authority.pem"))
		if first == "" {
			first = made
		}
		if made != first {
			t.Error("the second run made a new certificate authority, want that of the first run")
		}
	}
}

func TestInvalidTLSFlagsAreRefused(t *testing.T) {
	directory := t.TempDir()
	key := filepath.Join(directory, "key.pem")
	write(t, key, content(t, "../../../wrapper/testdata/keys/p521-pkcs8.pem"))
	for _, test := range []struct {
		flags   []string
		reports string
	}{
		{flags: []string{"-url", "sandbox.internal:8443"}, reports: "expected a scheme and a host"},
		{flags: []string{"-url", "https://sandbox.internal/api"}, reports: "expected a scheme and a host"},
		{flags: []string{"-tls", "-url", "http://sandbox.internal"}, reports: "expected https"},
		{flags: []string{"-tls", "-tls-ca", filepath.Join(directory, "missing")}, reports: "no such file"},
		{flags: []string{"-tls", "-tls-ca", key}, reports: "expected a certificate and its private key"},
		{flags: []string{"-tls-ca", key}, reports: "expected -tls too"},
		{flags: []string{"-tls", "-key-as", "base64"}, reports: "name one with -keys"},
	} {
		got, err := command(t, test.flags...).CombinedOutput()
		if err == nil || !strings.Contains(string(got), test.reports) {
			t.Errorf("%q: the error is %v and the output %s, want a refusal with %q",
				test.flags, err, got, test.reports)
		}
	}
}

// TestHealth requires that the health path responds to GET and HEAD without a signature,
// even if the Host is not an address of the sandbox, and whether the control endpoint is
// open or not.
func TestHealth(t *testing.T) {
	for _, extra := range [][]string{{}, {"-control"}} {
		address := freeAddress(t)
		file := filepath.Join(t.TempDir(), "variables")
		run := startRun(t, append([]string{"-address", address, "-env-file", file}, extra...)...)
		url := "http://" + address + "/_sandbox/health"
		for _, method := range []string{"GET", "HEAD", "POST"} {
			request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = "10.1.2.3:8080"
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if healthy := response.StatusCode == http.StatusOK; healthy != (method != "POST") {
				t.Errorf("%q: %s returned %d, want 200 for GET and HEAD only",
					extra, method, response.StatusCode)
			}
		}
		run.end(t)
	}
}

func TestVersion(t *testing.T) {
	got, err := command(t, "-version").Output()
	if err != nil || !strings.HasPrefix(string(got), "upvest-sandbox ") ||
		strings.Count(string(got), "\n") != 1 {
		t.Errorf("-version printed %q (error %v), want one line with the name and the version", got, err)
	}
}
