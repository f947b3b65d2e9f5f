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
	"unicode/utf8"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// errDiffers is the error of a reconciliation that found something that a person has to look at.
var errDiffers = errors.New("the run needs a person")

const usage = `fleet places one order for each account of a list, from any number of machines, each exactly once.

  fleet migrate [-rate 300]              make or update the tables; set how many requests a second all workers may send (0: any)
  fleet enqueue -run RUN FILE            write the orders of a CSV file down (account,user,side,amount,currency)
  fleet work                             place orders until SIGTERM
  fleet status [-run RUN] [-watch]       say how far a run is, the latest by default
  fleet reconcile -run RUN [-csv FILE]   hold the run against the orders of the server; exit status 1 if a person has to look
  fleet ui [-address 127.0.0.1:8081]     serve River's page

DATABASE_URL is postgres://… or sqlite:PATH. work and reconcile take the credentials from UPVEST_API_*.
fleet COMMAND -h lists the flags of a command.
`

// command is what all commands share.
type command struct {
	flags       *flag.FlagSet
	out, errors io.Writer
	logger      *slog.Logger
	ledger      *ledger.Ledger
}

// commands name their flags, and return what they do once these are read.
var commands = map[string]func(*command) func(context.Context) error{
	"migrate": (*command).migrate, "enqueue": (*command).enqueue, "work": (*command).work,
	"status": (*command).status, "reconcile": (*command).reconcile, "ui": (*command).ui,
}

// connections are how many a program has to its database at most.
const connections = 16

// Run is the program. It returns the exit status: 0, 1 if a reconciliation found something, 2 if the command failed.
func Run(ctx context.Context, arguments []string, out, errorsTo io.Writer) int {
	if len(arguments) == 0 || commands[arguments[0]] == nil {
		_, _ = io.WriteString(errorsTo, usage)
		return 2
	}
	name := arguments[0]
	err := run(ctx, name, arguments[1:], out, errorsTo)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errDiffers):
		return 1
	}
	_, _ = fmt.Fprintf(errorsTo, "fleet %s: %v\n", name, err)
	return 2
}

func run(ctx context.Context, name string, arguments []string, out, errorsTo io.Writer) error {
	c := &command{out: out, errors: errorsTo, flags: flag.NewFlagSet("fleet "+name, flag.ContinueOnError)}
	c.flags.SetOutput(errorsTo)
	ahead := c.flags.Duration("clock-ahead", 0, "for tests: how far the fleet's clock is ahead of the database's")
	level := slog.LevelWarn
	c.flags.TextVar(&level, "log", level, "the least level that is logged: debug, info, warn or error")
	do := commands[name](c)
	if err := c.flags.Parse(arguments); err != nil {
		return err
	}
	if files := map[string]int{"enqueue": 1}[name]; c.flags.NArg() != files {
		return fmt.Errorf("%d arguments, expected %d: %s", c.flags.NArg(), files, strings.Join(c.flags.Args(), " "))
	}
	c.logger = slog.New(slog.NewTextHandler(errorsTo, &slog.HandlerOptions{Level: level}))
	l, err := ledger.Connect(ctx, os.Getenv("DATABASE_URL"), connections, *ahead)
	if err != nil {
		return err
	}
	defer l.Close()
	c.ledger = l
	if name != "migrate" && name != "work" { // one makes the tables, the other waits for them
		if err := l.Ready(ctx); err != nil {
			return err
		}
	}
	return do(ctx)
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

// progress rewrites one line of a terminal, every so often at most.
type progress struct {
	out   io.Writer
	every time.Duration
	last  time.Time
	width int
}

func (c *command) newProgress() *progress {
	return &progress{out: c.errors, every: 200 * time.Millisecond}
}

func (p *progress) show(format string, arguments ...any) {
	if time.Since(p.last) < p.every {
		return
	}
	text := fmt.Sprintf(format, arguments...)
	_, _ = fmt.Fprintf(p.out, "\r%-*s", p.width, text)
	p.last, p.width = time.Now(), utf8.RuneCountInString(text)
}

// end leaves the line, if there is one.
func (p *progress) end() {
	if p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
	p.width = 0
}

// bar draws how much of a whole is done.
func bar(done, total int) string {
	const width = 24
	filled := width * done / max(total, 1)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + fmt.Sprintf("] %3d %%", 100*done/max(total, 1))
}
