// Package program is the command upvest-sandbox, as a function that tests can run.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// How long the requests under way may take to finish at the end.
const grace = 2 * time.Second

// Run is the program: it returns when the context ends, or at once if the sandbox cannot start.
func Run(ctx context.Context, arguments []string, stdout, stderr io.Writer) (err error) {
	logger := log.New(stderr, "upvest-sandbox: ", 0)
	s, err := parse(arguments, stderr)
	if err != nil {
		return err
	}
	keys, remove, err := keyDirectory(s.keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	clients := make([]madeClient, 0, len(s.clients))
	options := s.options
	for _, flags := range s.clients {
		client, err := flags.make(keys)
		if err != nil {
			return err
		}
		clients = append(clients, client)
	}
	if s.checkResponses {
		options = append(options, sandbox.WithResponseCheck(func(err error) { logger.Printf("not as in openapi.yaml: %v", err) }))
	}
	running, err := sandbox.New(append(options, sandbox.WithClients(known(clients)...))...)
	if err != nil {
		return err
	}
	if s.envFile != "" {
		if s.envFile, err = filepath.Abs(s.envFile); err != nil {
			return errors.Join(fmt.Errorf("flag -env-file: %w", err), running.Close())
		}
		// What points at a sandbox that is gone would outlive it.
		defer func() { err = errors.Join(err, removeFile(s.envFile)) }()
	}
	if err := announce(running, clients, s, keys, stdout); err != nil {
		return errors.Join(err, running.Close())
	}
	hint := ""
	if s.envFile != "" {
		hint = "; in another shell: . " + shellQuoted(s.envFile)
	}
	logger.Printf("listening on %s, keys in %s, end with Ctrl-C%s", running.URL(), keys, hint)
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := running.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("end the sandbox: %w", err)
	}
	return nil
}

func known(clients []madeClient) []sandbox.Client {
	out := make([]sandbox.Client, 0, len(clients))
	for _, client := range clients {
		out = append(out, client.Client)
	}
	return out
}

// keyDirectory returns the directory for key files, and what removes it again if it was only made for this run.
func keyDirectory(named string) (directory string, remove func() error, err error) {
	if named == "" {
		directory, err = os.MkdirTemp("", "upvest-sandbox-")
		if err != nil {
			return "", nil, fmt.Errorf("make a directory for keys: %w", err)
		}
		return directory, func() error { return os.RemoveAll(directory) }, nil
	}
	if err := os.MkdirAll(named, 0o700); err != nil {
		return "", nil, fmt.Errorf("make the directory for keys: %w", err)
	}
	return named, func() error { return nil }, nil
}

func removeFile(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
