// Command testing invests one instalment of a savings plan. Its tests show how to test a
// service against the sandbox: they simulate network faults and error responses, and need
// no credentials from Upvest. The service is in savings.go.
//
//	go test ./testing
//
// The program itself calls the server given in the UPVEST_API_* variables.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var i instalment
	flags := flag.NewFlagSet("testing", flag.ExitOnError)
	flags.StringVar(&i.id, "id", "", "the ID of the instalment in your books, such as plan-4711-2026-03")
	flags.TextVar(&i.account, "account", uuid.UUID{}, "the ID of an account with a configuration")
	flags.TextVar(&i.user, "user", uuid.UUID{}, "the ID of the user who owns the account")
	amount := flags.String("amount", "", "the amount in euros, such as 50.00")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cash, err := api.NewAmount(*amount)
	if err != nil {
		return fmt.Errorf("-amount: %w", err)
	}
	i.amount = cash
	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	client, err := upvest.New(credentials)
	if err != nil {
		return err
	}
	order, err := savings{client}.invest(ctx, i)
	if err != nil {
		return err
	}
	fmt.Println(order.ID, order.Status)
	return nil
}
