// Package program implements the command upvest-sandbox as a function that tests can
// call.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// grace is how long an interrupted command may take to finish, and how long requests in
// progress may take at the end.
const grace = 2 * time.Second

// Run runs the program. It returns when the sandbox's command has ended or, without a
// command, when the context ends. With -version or -help, or if the sandbox cannot start,
// it returns immediately.
func Run(ctx context.Context, arguments []string, stdout, stderr io.Writer) (err error) {
	logger := log.New(stderr, "upvest-sandbox: ", 0)
	s, err := parse(arguments, stderr)
	if err != nil {
		return err
	}
	if s.version {
		_, err := fmt.Fprintln(stdout, "upvest-sandbox", version())
		return err
	}
	keys, remove, err := s.keyDirectory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := s.secure(keys, logger); err != nil {
		return err
	}
	running, clients, err := begin(s, keys, logger) //nolint:contextcheck // end shuts it down
	if err != nil {
		return err
	}
	file, err := announce(ctx, running, clients, s, keys, stdout)
	if err != nil {
		return errors.Join(err, running.Close())
	}
	if file.path != "" {
		// The variables are useless after the sandbox has ended.
		defer func() { err = errors.Join(err, file.remove()) }()
	}
	if len(s.command) > 0 {
		if file.path != "" {
			logger.Print("listening on " + running.URL() + "; " + s.hint(file.path))
		}
		err := runCommand(ctx, s.command, variablesOf(running, clients, s), stdout, stderr)
		return errors.Join(err, end(ctx, running))
	}
	report := "listening on " + running.URL()
	if keys != "" {
		report += ", keys in " + keys
	}
	report += ", end with Ctrl-C"
	if file.path != "" {
		report += "; " + s.hint(file.path)
	}
	logger.Print(report)
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
			logger.Printf("a response differs from openapi.yaml: %v", err)
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

// keyDirectory returns the directory for key files, and a function that removes the
// directory if it was made for this run only. The directory is "" if the variables hold
// the keys and -keys is not set.
func (s *settings) keyDirectory() (directory string, remove func() error, err error) {
	if s.keys != "" {
		if err := os.MkdirAll(s.keys, 0o700); err != nil {
			return "", nil, fmt.Errorf("make the directory for keys: %w", err)
		}
		return s.keys, func() error { return nil }, nil
	}
	if s.keyAs == keyAsBase64 {
		return "", func() error { return nil }, nil
	}
	directory, err = os.MkdirTemp("", "upvest-sandbox-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for keys: %w", err)
	}
	return directory, func() error { return os.RemoveAll(directory) }, nil
}
