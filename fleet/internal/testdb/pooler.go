package testdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Pooler starts PgBouncer in transaction mode in front of a database, and returns the URL
// for connections through PgBouncer. Pooler adds the given lines to PgBouncer's
// configuration. Without PgBouncer, Pooler skips the test, or fails it in CI.
func Pooler(t testing.TB, url string, lines ...string) (pooled string) {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
		_, err = os.Stat(program)
	}
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("skipped: PgBouncer is missing (Debian's package is pgbouncer)")
	}
	server, port := freePort(t)
	start := strings.Index(url, "@") + 1
	end := start + strings.IndexAny(url[start:], "/?")
	host, serverPort, err := net.SplitHostPort(url[start:end])
	if err != nil {
		t.Fatal(err)
	}
	//nolint:usetesting // the user who runs the pooler cannot enter t.TempDir
	directory, err := os.MkdirTemp("", "fleet-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
auth_type = any
pool_mode = transaction
default_pool_size = 4
unix_socket_dir =
%s
`, host, serverPort, port, strings.Join(lines, "\n"))
	path := filepath.Join(directory, "pgbouncer.ini")
	err = os.WriteFile(path, []byte(config), 0o600)
	if err == nil {
		err = errors.Join(giveAway(directory), giveAway(path))
	}
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, path)
	runUnprivileged(command)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	await(t, server)
	return url[:start] + server + url[end:]
}

// freePort returns a free address on loopback, and its port.
func freePort(t testing.TB) (address, port string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	parsed, err := netip.ParseAddrPort(address)
	if err == nil {
		err = listener.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return address, fmt.Sprint(parsed.Port())
}

// await waits until a server accepts connections at an address.
func await(t testing.TB, address string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
			return
		}
	}
	t.Fatalf("waited 20 seconds, but no server accepts connections at %s", address)
}
