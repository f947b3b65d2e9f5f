// Command upvest-sandbox runs the sandbox, for clients in any language. By default, it
// listens on a loopback address, prints the UPVEST_API_* variables with which a client
// reaches the sandbox, as lines that a shell can source, and runs until it is
// interrupted. If a command follows the flags, the program does not print the variables:
// it runs the command with them and ends with the command's exit status.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second signal ends the program immediately.
	context.AfterFunc(ctx, stop)
	err := program.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	ended, isExit := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case isExit && ended.ExitCode() > 0:
		os.Exit(ended.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "upvest-sandbox:", err)
		os.Exit(1)
	}
}
