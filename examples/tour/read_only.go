package main

import (
	"context"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// readOnly reads the first page of each list, and retrieves the first item of each page
// that has one.
func readOnly(ctx context.Context, client *upvest.Client, t *timeline) error {
	allocations, err := client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		return err
	}
	t.didf("%d allocations on the first page", len(allocations.Data))
	if len(allocations.Data) > 0 {
		allocation, err := client.Allocations.Retrieve(ctx, allocations.Data[0].ID)
		if err != nil {
			return err
		}
		t.didf("%s", describeMix(allocation))
	}

	configurations, err := client.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{})
	if err != nil {
		return err
	}
	t.didf("%d configurations on the first page", len(configurations.Data))
	if len(configurations.Data) > 0 {
		configuration, err := client.Configurations.Retrieve(ctx, configurations.Data[0].AccountID)
		if err != nil {
			return err
		}
		t.didf("account %s follows allocation %s", configuration.AccountID, configuration.AllocationID)
	}

	orders, err := client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{})
	if err != nil {
		return err
	}
	t.didf("%d orders on the first page", len(orders.Data))
	if len(orders.Data) > 0 {
		order, err := client.Orders.Retrieve(ctx, orders.Data[0].ID)
		if err != nil {
			return err
		}
		t.didf("%s", describeOrder(order))
	}
	return nil
}
