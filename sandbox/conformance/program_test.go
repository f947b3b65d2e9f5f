package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/program"
)

// running is the program upvest-sandbox, running in this process.
type running struct {
	// variables are the UPVEST_API_* variables that the program printed, by their names
	// without the prefix UPVEST_API_.
	variables map[string]string
}

// start runs the program with the flags until the test ends. Unless the flags change
// this, the sandbox is empty at first, opens its control endpoint, and checks its
// responses to API requests that had no fault.
func start(t testing.TB, flags ...string) *running {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(empty, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{"-control", "-check-responses", "-state", empty}, flags...)
	ctx, stop := context.WithCancel(context.Background())
	printed, stdout := io.Pipe()
	stderr := &lockedBuffer{}
	ended := make(chan error, 1)
	go func() {
		err := program.Run(ctx, arguments, stdout, stderr)
		_ = stdout.CloseWithError(err)
		ended <- err
	}()
	p := &running{variables: map[string]string{}}
	lines := bufio.NewScanner(printed)
	for len(p.variables) < 11 && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export UPVEST_API_"), "=")
		p.variables[name] = strings.Trim(value, "'")
	}
	if len(p.variables) < 11 {
		stop()
		t.Fatalf("the program did not start: %v\n%s", <-ended, stderr)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with the error %v, want none", err)
		}
		if text := stderr.String(); strings.Contains(text, "differs from openapi.yaml") {
			t.Errorf("the program reported responses that differ from openapi.yaml:\n%s", text)
		}
	})
	return p
}

// caller returns a caller with the credentials that the program printed. The caller has
// no token yet.
func (p *running) caller(t testing.TB) *caller {
	t.Helper()
	return newCaller(t, func(name string) string {
		return p.variables[strings.TrimPrefix(name, "UPVEST_API_")]
	})
}

// loggedIn returns a caller with the credentials that the program printed, and a token
// for the scopes portfolios:read and portfolios:admin.
func (p *running) loggedIn(t testing.TB) *caller {
	t.Helper()
	c := p.caller(t)
	c.login(t, "portfolios:read portfolios:admin")
	return c
}

// keyBeside returns the key that the program generated for the client with the given id.
func keyBeside(t testing.TB, p *running, clientID string) crypto.Signer {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(filepath.Dir(p.variables["HTTP_SIGN_PRIVATE_KEY_FILENAME"]),
		clientID+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return signerFrom(t, content, "")
}

func signerFrom(t testing.TB, content []byte, passphrase string) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode(content)
	if block == nil {
		t.Fatal("the private key is not PEM")
	}
	der := decrypted(t, block, passphrase)
	if block.Type == "EC PRIVATE KEY" {
		key, err := x509.ParseECPrivateKey(der)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

// control sends a request to the control endpoint, as plain HTTP without a signature.
func (p *running) control(t testing.TB, method, what string, in, out any) int {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	status, content := plain(t, method, p.variables["BASE_URL"]+"/_sandbox/"+what, string(body))
	if out != nil {
		if err := json.Unmarshal([]byte(content), out); err != nil {
			t.Fatalf("%s %s returned %s, want JSON: %v", method, what, content, err)
		}
	}
	return status
}

type fault map[string]any

func (p *running) inject(t testing.TB, f fault) {
	t.Helper()
	if status := p.control(t, "POST", "faults", f, nil); status != http.StatusNoContent {
		t.Fatalf("injecting the fault %v returned the status %d, want 204", f, status)
	}
}

// advance moves the sandbox's clock forward, on which orders, tokens and idempotency keys
// depend. Signatures depend on the machine's clock, which does not change.
func (p *running) advance(t testing.TB, d time.Duration) {
	t.Helper()
	move := map[string]string{"advance": d.String()}
	if status := p.control(t, "POST", "clock", move, nil); status != http.StatusOK {
		t.Fatalf("advancing the clock by %s returned the status %d, want 200", d, status)
	}
}

// effects returns how many effects the sandbox's journal has for the operation.
func (p *running) effects(t testing.TB, operation string) int {
	t.Helper()
	var page struct{ Data []any }
	p.control(t, "GET", "effects?operation="+operation, nil, &page)
	return len(page.Data)
}

// requestPage is a page of requests in the journal, as the control endpoint returns it.
type requestPage struct {
	Total, Dropped uint64
	Data           []struct {
		Operation, Method, Path, Query, Body, Detail string
		AccountIDs                                   []string `json:"account_ids"`
		Number                                       uint64
		Status                                       int
		Replayed, Fault                              bool
		Header                                       map[string][]string
	}
}

func (p *running) requests(t testing.TB, query string) (log requestPage) {
	t.Helper()
	if status := p.control(t, "GET", "requests"+query, nil, &log); status != http.StatusOK {
		t.Fatalf("reading the requests in the journal returned the status %d, want 200", status)
	}
	return log
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
