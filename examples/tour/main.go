// Command tour calls operations of the portfolios API and prints what each operation did.
//
// By default, the tour calls all operations, on a sandbox that runs inside its process.
// If an UPVEST_API_* variable is set, the tour calls the server that these variables
// name, or Upvest's sandbox if UPVEST_API_BASE_URL is missing. It then only reads, unless
// -write is given.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environment []string, out io.Writer) error {
	flags := flag.NewFlagSet("tour", flag.ContinueOnError)
	flags.SetOutput(out)
	write := flags.Bool("write", false,
		"make changes, such as placing orders, on the server given in the UPVEST_API_* variables")
	account := flags.String("account", "",
		"the ID of an account without a configuration; -write makes its changes for this account")
	user := flags.String("user", "", "the ID of the user who owns the account")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return fmt.Errorf("read the flags: %w", err)
	}

	if !namesServer(environment) {
		return runEmbedded(ctx, out)
	}
	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	steps := &timeline{out: out}
	hook := upvest.WithAttemptHook(steps.observe)
	client, err := upvest.New(credentials, upvest.WithUserAgent("tour"), hook)
	if err != nil {
		return err
	}
	server := cmp.Or(credentials.BaseURL, portfolios.ServerURLSandbox)
	if !*write {
		fmt.Fprintf(out, "Reading from %s (to make changes, pass -write).\n\n", server)
		return readOnly(ctx, client, steps)
	}
	accountID, err := uuid.Parse(*account)
	if err != nil {
		return fmt.Errorf("-write needs -account, the ID of an account without a configuration: %w", err)
	}
	userID, err := uuid.Parse(*user)
	if err != nil {
		return fmt.Errorf("-write needs -user, the ID of the user who owns the account: %w", err)
	}
	fmt.Fprintf(out, "Writing to %s.\n\n", server)
	t := tour{client: client, timeline: steps, account: accountID, user: userID}
	return t.run(ctx)
}

// runEmbedded runs the tour on a sandbox in this process. The sandbox checks its
// responses against the contract.
func runEmbedded(ctx context.Context, out io.Writer) (err error) {
	var wrong atomic.Pointer[error]
	//nolint:contextcheck // a sandbox accepts no context: Close ends the sandbox
	server, err := sandbox.New(
		sandbox.WithResponseCheck(func(err error) { wrong.Store(&err) }),
	)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	steps := &timeline{out: out}
	client, err := upvest.New(server.Credentials(), upvest.WithAttemptHook(steps.observe))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Started a sandbox in this process at %s; no money is moved.\n\n", server.URL())
	t := tour{client: client, timeline: steps, account: uuid.New(), user: uuid.New()}
	if err := t.run(ctx); err != nil {
		return err
	}
	if deviation := wrong.Load(); deviation != nil {
		return fmt.Errorf("a response of the sandbox does not match the contract: %w", *deviation)
	}
	return nil
}

// namesServer reports whether an UPVEST_API_* variable is set and not empty.
func namesServer(environment []string) bool {
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "UPVEST_API_") && value != "" {
			return true
		}
	}
	return false
}
