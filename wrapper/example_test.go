package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func Example() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	allocation, err := client.Allocations.Create(context.Background(), portfolios.AllocationRequest{
		Name: "Allocation 1",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.7"},
			{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.3"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(allocation.ID, allocation.Name)
	// Output:
	// 436244bb-4afd-4002-b53b-b1d7a3bca032 Allocation 1
}

// Update does not trade. Accounts that follow the allocation reach the new weights at
// their next rebalancing.
func ExampleAllocations_Update() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	id := uuid.MustParse("436244bb-4afd-4002-b53b-b1d7a3bca032")
	allocation, err := client.Allocations.Retrieve(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	weights := allocation.Allocation
	sum, err := api.Sum(weights[0].Weight, weights[1].Weight) // exact decimal arithmetic
	if err != nil {
		log.Fatal(err)
	}
	request := portfolios.AllocationRequest{Name: "World", Allocation: weights}
	allocation, err = client.Allocations.Update(context.Background(), id, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(allocation.Allocation), "instruments, weights sum to", sum)
	// Output:
	// 2 instruments, weights sum to 1.0
}

func ExampleConfigurations_Create() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	configuration, err := client.Configurations.Create(context.Background(), portfolios.ConfigurationRequest{
		AccountID:    uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3"),
		AllocationID: uuid.MustParse("65c69f95-c7b9-4c93-9943-a8c7fe4f7aef"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(configuration.AccountID, "follows", configuration.AllocationID)
	// Output:
	// debf2026-f2da-4ff0-bb84-92e45babb1e3 follows 65c69f95-c7b9-4c93-9943-a8c7fe4f7aef
}

// Update changes only the fields that the request contains. An empty list removes all
// strategies.
func ExampleConfigurations_Update() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	account := uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	update := portfolios.ConfigurationUpdate{
		AllocationID: api.OptionalUUID(uuid.MustParse("65c69f95-c7b9-4c93-9943-a8c7fe4f7aef")),
	}
	configuration, err := client.Configurations.Update(context.Background(), account, update)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(configuration.RebalancingStrategyIDs), "strategies stay")
	// Output:
	// 2 strategies stay
}

// If the outcome of a write is unknown, make the same call again with Resume. The second
// call carries the same idempotency key, so the server places the order once. The
// client repeats such a call automatically, so this example turns retries off.
func ExampleOrders_Create() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	request := portfolios.OrderRequest{
		AccountID:  uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3"),
		UserID:     uuid.MustParse("2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b"),
		CashAmount: "1000",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideSELL,
	}
	order, err := client.Orders.Create(context.Background(), request, upvest.WithoutRetry())
	var failure *upvest.Error
	if errors.Is(err, upvest.ErrOutcomeUnknown) && errors.As(err, &failure) {
		fmt.Println("unknown, so resume")
		order, err = client.Orders.Create(context.Background(), request, failure.Resume())
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.CashAmount, order.Currency)
	// Output:
	// unknown, so resume
	// eb5ba93f-5dfe-4bf1-8571-4da0caacc80c 1000 EUR
}

func ExampleOrders_All() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	account := uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	params := portfolios.ListPortfoliosOrdersParams{AccountID: &account}
	for order, err := range client.Orders.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(order.ID, order.Status)
	}
	// Output:
	// eb5ba93f-5dfe-4bf1-8571-4da0caacc80c PROCESSING
}

// For every row of a list, Unknown contains the fields that this client does not cover.
func ExampleOrders_All_unknownFields() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	params := portfolios.ListPortfoliosOrdersParams{}
	for order, err := range client.Orders.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		var newer struct {
			InitiationFlow string `json:"initiation_flow"`
		}
		if err := order.Unknown.Decode(&newer); err != nil {
			log.Fatal(err)
		}
		fmt.Println(order.ID, "placed by", newer.InitiationFlow, order.Unknown.Names())
	}
	// Output:
	// eb5ba93f-5dfe-4bf1-8571-4da0caacc80c placed by UPVEST [initiation_flow]
}

func ExampleOrders_Wait() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	order, err := client.Orders.Wait(ctx, uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.Status, upvest.IsDone(order))
	// Output:
	// FILLED true
}

func ExampleRebalancings_Trigger() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	rebalancing, err := client.Rebalancings.Trigger(context.Background(), portfolios.RebalancingRequest{
		Accounts: []uuid.UUID{
			uuid.MustParse("43801b85-bbcf-41c7-8389-b018082a5ec5"),
			uuid.MustParse("20151679-c159-4f16-b8a2-267b3d968c6f"),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	execution, err := client.Rebalancings.RetrieveExecution(context.Background(), rebalancing.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(execution.ID, "covers", len(execution.Accounts), "accounts")
	// Output:
	// 735381ce-8380-4b07-9e42-97e2b6d3643e covers 2 accounts
}
