// Package program implements the command fleet as a function that tests can call.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The exit statuses.
const (
	exitOK     = 0
	exitPerson = 1 // the command returned errPerson
	exitFailed = 2 // the command failed, was used incorrectly, or found invalid lines
)

// errPerson reports that a reconciliation found work for a person, or that a dry run
// found accounts without a configuration. A command that returns errPerson ends with the
// exit status exitPerson.
var errPerson = errors.New("a person has to look at the run")

// connections is the largest number of connections from the program to its database,
// apart from up to two connections to PostgreSQL that wait for notifications.
const connections = 16

// testAhead is added to the times that the program writes to rows. Tests that let days
// pass set it with the linker flag -X.
var testAhead string

// invocation is one execution of a command.
type invocation struct {
	flags       *flag.FlagSet
	out, errors io.Writer
	logger      *slog.Logger
	ledger      *ledger.Ledger
}

// Run runs the command that the first argument names, and returns the exit status.
func Run(ctx context.Context, arguments []string, out, errorsTo io.Writer) int {
	if len(arguments) == 0 {
		_, _ = io.WriteString(errorsTo, usage())
		return exitFailed
	}
	name := arguments[0]
	switch name {
	case "help", "-h", "-help", "--help":
		_, _ = io.WriteString(out, usage())
		return exitOK
	case "version", "-version", "--version":
		_, _ = fmt.Fprintln(out, version())
		return exitOK
	}
	index := slices.IndexFunc(commands(), func(c command) bool { return c.name() == name })
	if index < 0 {
		_, _ = fmt.Fprintf(errorsTo, "fleet: there is no command %s\n\n%s", operation.Quote(name), usage())
		return exitFailed
	}
	err := run(ctx, commands()[index], arguments[1:], out, errorsTo)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errPerson):
		return exitPerson
	}
	_, _ = fmt.Fprintf(errorsTo, "fleet %s: %v\n", name, err)
	return exitFailed
}

func run(ctx context.Context, c command, arguments []string, out, errorsTo io.Writer) error {
	v := &invocation{
		out:    out,
		errors: errorsTo,
		flags:  flag.NewFlagSet("fleet "+c.name(), flag.ContinueOnError),
	}
	v.flags.SetOutput(errorsTo)
	v.flags.Usage = func() { c.help(errorsTo, v.flags) }
	level := slog.LevelInfo
	v.flags.TextVar(&level, "log", level, "the lowest `level` that is logged: debug, info, warn or error")
	do := c.setup(v)
	if err := v.flags.Parse(arguments); err != nil {
		return err
	}
	if v.flags.NArg() != c.files {
		return fmt.Errorf("got %d arguments after the flags, expected %d: %s",
			v.flags.NArg(), c.files, operation.Quote(strings.Join(v.flags.Args(), " ")))
	}
	v.logger = slog.New(slog.NewTextHandler(errorsTo, &slog.HandlerOptions{Level: level}))
	ahead, _ := time.ParseDuration(testAhead)
	l, err := ledger.Connect(ctx, os.Getenv("DATABASE_URL"), database.Options{
		Schema: os.Getenv("FLEET_SCHEMA"), Connections: connections, Ahead: ahead,
	})
	if err != nil {
		return err
	}
	defer l.Close()
	v.ledger = l
	if !c.awaits {
		if err := l.Ready(ctx); err != nil {
			return err
		}
	}
	return do(ctx)
}

// newClient returns a client for the API with the credentials in UPVEST_API_*.
func newClient(options ...upvest.ClientOption) (*upvest.Client, error) {
	credentials, err := upvest.FromEnv()
	if err != nil {
		return nil, err
	}
	options = append(options, upvest.WithUserAgent("fleet"), upvest.WithTimeout(15*time.Second),
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 3, AttemptTimeout: 10 * time.Second}))
	return upvest.New(credentials, options...)
}

// queue returns the queue of the ledger.
func (v *invocation) queue() (*queue.Queue, error) { return queue.New(v.ledger, v.logger) }

// record adds a command and its formatted detail to the audit trail.
func (v *invocation) record(ctx context.Context, command, run, format string, arguments ...any) error {
	return v.ledger.Record(ctx, ledger.Entry{
		Who: who(), Command: command, Run: run, Detail: fmt.Sprintf(format, arguments...),
	})
}

// who returns the name of the current user, followed by @ and the name of the machine.
func who() string {
	name := "unknown"
	if current, err := user.Current(); err == nil {
		name = current.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}
