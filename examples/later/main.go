// Command later uses [upvest.Client.Do] to call operations for which this client has no
// method. The program rebalances an account and reads the resulting orders, liquidates
// the account, waits until the liquidation is settled or cancelled, and deletes the
// account's configuration.
//
// The program calls the server given in the UPVEST_API_* variables. UPVEST_API_SCOPES
// must contain portfolios:admin and account_liquidations:admin. `make sandbox
// ARGS=-later` starts a sandbox that has these operations. Upvest publishes the paths,
// methods and statuses of liquidations, but not their fields, so this program uses the
// fields of the sandbox.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	// The account of the sandbox, which has a configuration, and its user. For a
	// different server, use an account with a configuration and the user who owns the
	// account.
	account := uuid.MustParse("1f0d3b5c-7a29-4e68-9c14-8b2e6f5a0d37")
	user := uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")
	if err := run(context.Background(), client, account, user, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// liquidation contains the response fields that this program reads. Decoding ignores all
// other fields.
type liquidation struct {
	ID     uuid.UUID `json:"id"`
	Status string    `json:"status"`
}

func run(ctx context.Context, client *upvest.Client, account, user uuid.UUID, out io.Writer) error {
	rebalancing, err := client.Rebalancings.Trigger(ctx, portfolios.RebalancingRequest{
		Accounts: []uuid.UUID{account},
	})
	if err != nil {
		return err
	}
	if err := printOrders(ctx, client, rebalancing.ID, out); err != nil {
		return err
	}

	path := "/accounts/" + account.String() + "/liquidations"
	var made liquidation
	err = client.Do(ctx, upvest.Request{
		Method:    http.MethodPost,
		Path:      path,
		Operation: "create_account_liquidation",
		Body:      map[string]uuid.UUID{"user_id": user},
	}, &made)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "liquidation is", made.Status)
	for made.Status != "SETTLED" && made.Status != "CANCELLED" {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fmt.Errorf("wait for the liquidation: %w", ctx.Err())
		}
		err := client.Do(ctx, upvest.Request{
			Method:    http.MethodGet,
			Path:      path + "/" + made.ID.String(),
			Operation: "retrieve_account_liquidation",
		}, &made)
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "liquidation is", made.Status)

	// It is safe to repeat the deletion after an unknown outcome. If the first request
	// took effect, the server responds to the second request with 404, and Do returns an
	// error that matches ErrOutcomeUnknown and ErrNotFound.
	err = client.Do(ctx, upvest.Request{
		Method:     http.MethodDelete,
		Path:       "/portfolios/configurations/" + account.String(),
		Operation:  "delete_portfolios_configuration",
		Repeatable: true,
	}, nil)
	if err == nil {
		fmt.Fprintln(out, "configuration is deleted")
	}
	return err
}

// printOrders requests the orders that a rebalancing has placed, page by page, and prints
// the account and the status of each order.
func printOrders(ctx context.Context, client *upvest.Client, execution uuid.UUID, out io.Writer) error {
	for offset, total := 0, 1; offset < total; {
		var page struct {
			Data []struct {
				AccountID uuid.UUID `json:"account_id"`
				OrderID   uuid.UUID `json:"portfolio_order_id"`
				Status    string    `json:"status"`
			} `json:"data"`
			Meta portfolios.Meta `json:"meta"`
		}
		err := client.Do(ctx, upvest.Request{
			Method:    http.MethodGet,
			Path:      "/portfolios/rebalancings/executions/" + execution.String() + "/orders",
			Query:     url.Values{"offset": {strconv.Itoa(offset)}, "limit": {"100"}},
			Operation: "list_portfolio_rebalancing_execution_orders",
		}, &page)
		if err != nil {
			return err
		}
		for _, order := range page.Data {
			fmt.Fprintf(out, "order of %s is %s\n", order.AccountID, order.Status)
		}
		if len(page.Data) == 0 {
			return nil
		}
		offset += len(page.Data)
		total = page.Meta.TotalCount
	}
	return nil
}
