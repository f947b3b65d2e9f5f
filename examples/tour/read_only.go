package main

import (
	"context"
	"fmt"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// readOnly shows the first page of each list and the first item of each page.
func readOnly(ctx context.Context, client *upvest.Client, t *timeline) error {
	var allocations *portfolios.AllocationList
	err := t.step("list_portfolios_allocations", func(o upvest.CallOption) (err error) {
		allocations, err = client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{}, o)
		return err
	}, func() string { return fmt.Sprintf("%d on this page", len(allocations.Data)) })
	if err != nil {
		return err
	}
	for _, first := range allocations.Data[:min(1, len(allocations.Data))] {
		var allocation *portfolios.Allocation
		err := t.step("retrieve_portfolios_allocation", func(o upvest.CallOption) (err error) {
			allocation, err = client.Allocations.Retrieve(ctx, first.ID, o)
			return err
		}, func() string { return describeMix(allocation) })
		if err != nil {
			return err
		}
	}
	var configurations *portfolios.ConfigurationList
	err = t.step("list_portfolios_configurations", func(o upvest.CallOption) (err error) {
		configurations, err = client.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{}, o)
		return err
	}, func() string { return fmt.Sprintf("%d on this page", len(configurations.Data)) })
	if err != nil {
		return err
	}
	for _, first := range configurations.Data[:min(1, len(configurations.Data))] {
		var configuration *portfolios.Configuration
		err := t.step("retrieve_portfolios_configuration", func(o upvest.CallOption) (err error) {
			configuration, err = client.Configurations.Retrieve(ctx, first.AccountID, o)
			return err
		}, func() string {
			return fmt.Sprintf("account %s follows allocation %s", configuration.AccountID, configuration.AllocationID)
		})
		if err != nil {
			return err
		}
	}
	var orders *portfolios.OrderList
	err = t.step("list_portfolios_orders", func(o upvest.CallOption) (err error) {
		orders, err = client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{}, o)
		return err
	}, func() string { return fmt.Sprintf("%d on this page", len(orders.Data)) })
	if err != nil {
		return err
	}
	for _, first := range orders.Data[:min(1, len(orders.Data))] {
		var order *portfolios.Order
		err := t.step("retrieve_portfolios_order", func(o upvest.CallOption) (err error) {
			order, err = client.Orders.Retrieve(ctx, first.ID, o)
			return err
		}, func() string { return describeOrder(order) })
		if err != nil {
			return err
		}
	}
	return nil
}
