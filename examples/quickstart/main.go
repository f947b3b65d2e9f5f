// Command quickstart invests 100 euros. It creates an allocation, configures an account
// to follow it, places the account's first order, and waits until the order is done. If
// the account already has a configuration, for instance from an earlier run, the program
// ends with the error 409 Conflict.
//
// The program calls the server given in the UPVEST_API_* variables; `make sandbox`
// starts a sandbox, for which you need no credentials from Upvest.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	// An account without a configuration, and the user who owns the account.
	account := uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030")
	user := uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")
	order, err := firstOrder(context.Background(), account, user)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.Status)
}

func firstOrder(ctx context.Context, account, user uuid.UUID) (*portfolios.Order, error) {
	credentials, err := upvest.FromEnv()
	if err != nil {
		return nil, err
	}
	client, err := upvest.New(credentials)
	if err != nil {
		return nil, err
	}
	allocation, err := client.Allocations.Create(ctx, portfolios.AllocationRequest{
		Name: "World and fruit",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.7"},
			{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.3"},
		},
	})
	if err != nil {
		return nil, err
	}
	_, err = client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID:    account,
		AllocationID: allocation.ID,
	})
	if err != nil {
		return nil, err
	}
	order, err := client.Orders.Create(ctx, portfolios.OrderRequest{
		AccountID:  account,
		UserID:     user,
		CashAmount: "100.00",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	})
	if err != nil {
		return nil, err
	}
	return client.Orders.Wait(ctx, order.ID, nil)
}
