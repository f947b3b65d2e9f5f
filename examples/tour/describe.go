package main

import (
	"fmt"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// mix returns weights for the two instruments that Upvest's examples use.
func mix(first, second api.Decimal) []portfolios.InstrumentWeight {
	return []portfolios.InstrumentWeight{
		{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: first},
		{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: second},
	}
}

func describeMix(allocation *portfolios.Allocation) string {
	parts := make([]string, len(allocation.Allocation))
	for i, instrument := range allocation.Allocation {
		parts[i] = fmt.Sprintf("%s of %s", instrument.Weight, instrument.InstrumentID)
	}
	return fmt.Sprintf("%q is %s", allocation.Name, strings.Join(parts, ", "))
}

func describeOrder(order *portfolios.Order) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s for %s %s is %s", order.Type, order.CashAmount, order.Currency, order.Status)
	for _, individual := range order.Orders {
		fmt.Fprintf(&text, "; individual %s %s", individual.Side, individual.Status)
	}
	return text.String()
}

func describeOrders(orders []portfolios.Order) string {
	parts := make([]string, len(orders))
	for i, order := range orders {
		parts[i] = fmt.Sprintf("%s %s", order.Type, order.Status)
	}
	return fmt.Sprintf("%d orders of the account: %s", len(orders), strings.Join(parts, ", "))
}
