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
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// grace is how long the requests under way may take to finish at the end.
const grace = 2 * time.Second

// Run is the program. It returns when the context ends, or at once if the sandbox cannot
// start.
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
	running, clients, err := begin(s, keys, logger) //nolint:contextcheck // end shuts it down
	if err != nil {
		return err
	}
	hint := ""
	if s.envFile != "" {
		file, err := filepath.Abs(s.envFile)
		if err != nil {
			return errors.Join(fmt.Errorf("flag -env-file: %w", err), running.Close())
		}
		s.envFile = file
		hint = "; in another shell: . " + shellQuoted(file)
	}
	// Variables must not outlive the sandbox that they point at.
	defer func() { err = errors.Join(err, s.removeVariables()) }()
	if err := announce(running, clients, s, keys, stdout); err != nil {
		return errors.Join(err, running.Close())
	}
	logger.Printf("listening on %s, keys in %s, end with Ctrl-C%s", running.URL(), keys, hint)
	<-ctx.Done()
	return end(ctx, running)
}

// begin starts the sandbox with the clients of the settings.
func begin(s settings, keys string, logger *log.Logger) (*sandbox.Sandbox, []madeClient, error) {
	clients := make([]madeClient, 0, len(s.clients))
	known := make([]sandbox.Client, 0, len(s.clients))
	for _, flags := range s.clients {
		client, err := flags.make(keys)
		if err != nil {
			return nil, nil, err
		}
		clients = append(clients, client)
		known = append(known, client.Client)
	}
	options := append(slices.Clone(s.options), sandbox.WithClients(known...))
	if s.checkResponses {
		options = append(options, sandbox.WithResponseCheck(func(err error) {
			logger.Printf("not as in openapi.yaml: %v", err)
		}))
	}
	running, err := sandbox.New(options...)
	return running, clients, err
}

func end(ctx context.Context, running *sandbox.Sandbox) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := running.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("end the sandbox: %w", err)
	}
	return nil
}

// keyDirectory returns the directory for key files, and a function that removes it if it
// was made for this run only.
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

// removeVariables removes the file of -env-file.
func (s *settings) removeVariables() error {
	if s.envFile == "" {
		return nil
	}
	if err := os.Remove(s.envFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the variables: %w", err)
	}
	return nil
}
