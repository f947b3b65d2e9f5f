// Package program is the command fleet, as a function that tests can run.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// The exit statuses.
const (
	ok      = 0
	differs = 1 // reconcile found something that a person has to look at
	failed  = 2
)

var errDiffers = errors.New("the run needs a person")

const usage = `fleet places one order for each account of a list, from any number of machines, each exactly once.

  fleet migrate [-rate 300]              make or update the tables; set how many requests a second all workers may send (0: any)
  fleet enqueue -run RUN FILE            write the orders of a CSV file down (account,user,side,amount,currency), - for stdin
  fleet work                             place orders until SIGTERM
  fleet status [-run RUN] [-watch]       say how far a run is, the latest by default
  fleet reconcile -run RUN [-csv FILE]   hold the run against the orders of the server; exit status 1 if a person has to look
  fleet ui [-address 127.0.0.1:8081]     serve River's page

DATABASE_URL is postgres://… or sqlite:PATH. work and reconcile take the credentials from UPVEST_API_*.
fleet COMMAND -h lists the flags of a command.
`

// command is what all commands share.
type command struct {
	name        string
	flags       *flag.FlagSet
	out, errors io.Writer
	logger      *slog.Logger
	ahead       time.Duration
	debug       bool
}

// Run is the program. It returns the exit status: 0, 1 if a reconciliation found something, 2 if the command failed.
func Run(ctx context.Context, arguments []string, out, errorsTo io.Writer) int {
	commands := map[string]func(*command, context.Context, []string) error{
		"migrate": (*command).migrate, "enqueue": (*command).enqueue, "work": (*command).work,
		"status": (*command).status, "reconcile": (*command).reconcile, "ui": (*command).ui,
	}
	if len(arguments) == 0 || commands[arguments[0]] == nil {
		_, _ = io.WriteString(errorsTo, usage)
		return failed
	}
	c := &command{name: arguments[0], out: out, errors: errorsTo, flags: flag.NewFlagSet("fleet "+arguments[0], flag.ContinueOnError)}
	c.flags.SetOutput(errorsTo)
	c.flags.DurationVar(&c.ahead, "clock-ahead", 0, "for tests: how far the fleet's clock is ahead of the database's")
	c.flags.BoolVar(&c.debug, "debug", false, "log more")
	err := commands[c.name](c, ctx, arguments[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return ok
	case errors.Is(err, errDiffers):
		return differs
	}
	_, _ = fmt.Fprintf(errorsTo, "fleet %s: %v\n", c.name, err)
	return failed
}

// parse reads the flags, and makes the logger that they ask for. No command but enqueue takes arguments.
func (c *command) parse(arguments []string, takes int) error {
	if err := c.flags.Parse(arguments); err != nil {
		return err
	}
	if c.flags.NArg() != takes {
		return fmt.Errorf("%d arguments, expected %d: %s", c.flags.NArg(), takes, strings.Join(c.flags.Args(), " "))
	}
	level := slog.LevelWarn
	if c.debug {
		level = slog.LevelDebug
	}
	c.logger = slog.New(slog.NewTextHandler(c.errors, &slog.HandlerOptions{Level: level}))
	return nil
}

func (c *command) open(ctx context.Context, connections int) (*ledger.Ledger, error) {
	return ledger.Connect(ctx, os.Getenv("DATABASE_URL"), connections, c.ahead)
}

// client makes the client of the API from UPVEST_API_*.
func (c *command) client(options ...upvest.ClientOption) (*upvest.Client, error) {
	credentials, err := upvest.FromEnv()
	if err != nil {
		return nil, err
	}
	options = append(options, upvest.WithUserAgent("fleet"),
		upvest.WithTimeout(15*time.Second), upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 3, AttemptTimeout: 10 * time.Second}))
	return upvest.New(credentials, options...)
}
