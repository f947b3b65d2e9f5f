// Package testdb provides databases for tests: SQLite, and PostgreSQL if Debian's package
// postgresql is installed.
package testdb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
)

// Server is a PostgreSQL server that a test has started.
type Server struct {
	bin, directory string
	port, made     int
	hasModel       bool
	mu             sync.Mutex
}

// Each runs a test once on SQLite and once on PostgreSQL, each time on a new database
// with tables. Without PostgreSQL, the second subtest is skipped, or fails in CI.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		test(t, copySQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url, err := Shared(t).copy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		test(t, url)
	})
}

func migrate(ctx context.Context, url string) error {
	db, err := database.Open(ctx, url, database.Options{Connections: 2})
	if err != nil {
		return err
	}
	return errors.Join(queue.Migrate(ctx, db, 0, slog.New(slog.DiscardHandler)), db.Close())
}

// copy creates a database with tables by copying a model database, which the first call
// creates.
func (s *Server) copy(ctx context.Context) (url string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasModel {
		model, err := s.create(ctx, "model", "")
		if err != nil {
			return "", err
		}
		if err := migrate(ctx, model); err != nil {
			return "", err
		}
		s.hasModel = true
	}
	s.made++
	return s.create(ctx, "copy_"+strconv.Itoa(s.made), " template model")
}

// Empty creates a database without tables, and returns its URL.
func (s *Server) Empty(ctx context.Context) (url string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return s.create(ctx, "empty_"+strconv.Itoa(s.made), "")
}

func (s *Server) create(ctx context.Context, name, like string) (url string, err error) {
	db, err := sql.Open("pgx", s.URL())
	if err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "create database "+name+like); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return strings.Replace(s.URL(), "/postgres?", "/"+name+"?", 1), nil
}

// Execute runs a statement that changes the database. In the statement, {schema} stands
// for the schema of the tables.
func Execute(t testing.TB, url, statement string, arguments ...any) {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{Connections: 1})
	if err == nil {
		_, err = db.Exec(t.Context(), db.SQL, "change the database", statement, arguments...)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Text returns the single value that a statement selects, as a string.
func Text(t testing.TB, url, statement string, arguments ...any) (value string) {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{Connections: 1})
	if err == nil {
		err = db.Row(t.Context(), db.SQL, statement, arguments...).Scan(&value)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

var errMissing = errors.New("PostgreSQL is missing (Debian's package is postgresql)")

var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Shared returns the PostgreSQL server that the tests of a package share, and starts it
// on the first call. [Main] removes the server. Without PostgreSQL, Shared skips the
// test, or fails it in CI.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = Start("fsync = off")
	}
	check(t, shared.err)
	return shared.server
}

// Main runs the tests of a package, removes the shared server if a test has started it,
// and ends the process. Call it from TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is like [Main], but returns the exit status instead of ending the process. The
// caller can therefore remove its own files before it ends the process.
func Run(m *testing.M) (status int) {
	status = m.Run()
	if shared.server != nil {
		if err := shared.server.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	return status
}

// Own starts a server with the given settings, and removes it when the test ends. Without
// PostgreSQL, Own skips the test, or fails it in CI.
func Own(t testing.TB, settings ...string) *Server {
	t.Helper()
	server, err := Start(settings...)
	check(t, err)
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func check(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skip("skipped: ", err)
	case err != nil:
		t.Fatal(err)
	}
}

// Start creates and starts a server on a free loopback port.
func Start(settings ...string) (*Server, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, errMissing
	}
	slices.Sort(found)
	directory, err := os.MkdirTemp("", "fleet-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	s := &Server{
		bin:       filepath.Dir(found[len(found)-1]),
		directory: directory,
		port:      int(address.Port()),
	}
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	if err := giveAway(directory); err != nil {
		return nil, err
	}
	err = s.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D", s.data())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	config := fmt.Sprintf(
		"listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = ''\nmax_connections = 200\n",
		s.port,
	)
	config += strings.Join(settings, "\n") + "\n"
	file, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(config)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("configure PostgreSQL: %w", err)
	}
	return s.started()
}

func (s *Server) started() (*Server, error) {
	if err := s.Start(); err != nil {
		return nil, err
	}
	return s, nil
}

// Start starts the server, for example after a crash, and waits until it responds.
func (s *Server) Start() error {
	return s.run("pg_ctl", "-w", "-t", "60", "-D", s.data(), "-l", filepath.Join(s.directory, "log"), "start")
}

// Crash ends the server without a checkpoint, as a crash does.
func (s *Server) Crash() error {
	return s.run("pg_ctl", "-w", "-m", "immediate", "-D", s.data(), "stop")
}

// Remove ends the server and removes its files.
func (s *Server) Remove() error { return errors.Join(s.Crash(), os.RemoveAll(s.directory)) }

// URL returns the URL of the server's initial database, which is named `postgres`.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }

func (s *Server) run(program string, arguments ...string) error {
	command := exec.CommandContext(context.Background(), filepath.Join(s.bin, program), arguments...)
	command.Dir = s.directory
	runUnprivileged(command)
	// The log is a file, because the server that pg_ctl starts would keep a pipe open.
	log, err := os.CreateTemp("", "fleet-postgres-*.log")
	if err != nil {
		return fmt.Errorf("make a log: %w", err)
	}
	defer os.Remove(log.Name())
	defer log.Close()
	command.Stdout = log
	command.Stderr = log
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(said))
	}
	return nil
}
