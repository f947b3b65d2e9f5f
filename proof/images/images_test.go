package images_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// builder runs buildah with temporary storage. It needs no registry.
type builder struct{ storage string }

func newBuilder(t *testing.T) builder {
	t.Helper()
	if os.Getenv("IMAGES") == "" {
		t.Skip("this test needs buildah; run it with `make images`")
	}
	return builder{storage: t.TempDir()}
}

func (b builder) command(ctx context.Context, arguments ...string) *exec.Cmd {
	storage := []string{
		"--storage-driver", "vfs", "--root", filepath.Join(b.storage, "root"),
		"--runroot", filepath.Join(b.storage, "run"),
	}
	return exec.CommandContext(ctx, "buildah", append(storage, arguments...)...)
}

func (b builder) output(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := b.command(t.Context(), arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("buildah %q: %v\n%s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}

// container builds an image, checks the user and the root certificates of the image, and
// returns the name of a container with this image.
func (b builder) container(t *testing.T, dockerfile, name string) string {
	t.Helper()
	b.output(t, "build", "--isolation", "chroot", "-f", dockerfile, "-t", name, "../../build/images")
	container := b.output(t, "from", "--pull-never", "localhost/"+name)
	user := b.output(t, "inspect", "--format", "{{.OCIv1.Config.User}}", container)
	if user != "65532:65532" {
		t.Errorf("the image %s runs as the user %q, want \"65532:65532\"", name, user)
	}
	mounted := b.output(t, "mount", container)
	if _, err := os.Stat(filepath.Join(mounted, "etc/ssl/certs/ca-certificates.crt")); err != nil {
		t.Errorf("the image %s contains no root certificates: %v", name, err)
	}
	return container
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// TestSandboxImage requires that a sandbox in a container cannot write to its image, and
// that the client can call the sandbox over HTTPS under the host name in -url.
func TestSandboxImage(t *testing.T) {
	b := newBuilder(t)
	container := b.container(t, "../../sandbox/Dockerfile", "upvest-sandbox")
	refused, err := b.command(t.Context(), "run", "--isolation", "chroot", container, "--",
		"/upvest-sandbox", "-keys", "/elsewhere").CombinedOutput()
	if err == nil || !strings.Contains(string(refused), "permission denied") {
		t.Errorf("a sandbox whose folder for keys is in its image ended with the error %v, "+
			"want an error and \"permission denied\" in the output:\n%s", err, refused)
	}
	keys := t.TempDir()
	if err := os.Chmod(keys, 0o777); err != nil { // the user of the container writes here
		t.Fatal(err)
	}
	address := freeAddress(t)
	const base = "https://sandbox.internal"
	running := b.command(t.Context(), "run", "--isolation", "chroot", "-v", keys+":/keys", container, "--",
		"/upvest-sandbox", "-expose", "-address", address, "-tls", "-url", base, "-keys", "/keys",
		"-key-as", "base64", "-env-form", "json")
	running.Cancel = func() error { return running.Process.Signal(syscall.SIGTERM) }
	stderr := &bytes.Buffer{}
	running.Stderr = stderr
	stdout, err := running.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	var variables map[string]string
	if err := json.NewDecoder(stdout).Decode(&variables); err != nil {
		t.Fatalf("start the sandbox: %v\n%s", err, stderr)
	}
	for name, value := range variables {
		if strings.HasPrefix(name, "UPVEST_API_") {
			t.Setenv(name, value)
		}
	}
	through := clientOf(t, address, filepath.Join(keys, "bundle.pem"))
	checkHealth(t, through, base)
	credentials, err := upvest.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	client, err := upvest.New(credentials, upvest.WithHTTPClient(through))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		t.Errorf("list the allocations of the sandbox in the container: %v", err)
	}
}

// clientOf returns an HTTP client that trusts the certificates in the file `bundle`. For
// every host name, this client connects to `address`.
func clientOf(t *testing.T, address, bundle string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
}

func checkHealth(t *testing.T, client *http.Client, base string) {
	t.Helper()
	health := base + "/_sandbox/health"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, health, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the health check returned the status %d (body %q, error %v), want 200",
			response.StatusCode, body, err)
	}
}

func TestFleetImage(t *testing.T) {
	b := newBuilder(t)
	container := b.container(t, "../../fleet/Dockerfile", "fleet")
	help := b.output(t, "run", "--isolation", "chroot", container, "--", "/fleet", "help")
	if !strings.Contains(help, "fleet enqueue") {
		t.Errorf("`fleet help` printed no description of `fleet enqueue`:\n%s", help)
	}
}
