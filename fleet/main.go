// Command fleet carries out one write for each line of a file, exactly once, with workers
// on any number of machines. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(program.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
