package operations

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func orders() []Operation {
	return []Operation{
		{ID: "list_portfolios_orders", Method: http.MethodGet, Call: listOrders},
		{ID: "create_portfolios_order", Method: http.MethodPost, Call: createOrder},
		{ID: "retrieve_portfolios_order", Method: http.MethodGet, Call: retrieveOrder},
		{ID: "cancel_portfolios_order", Method: http.MethodDelete, Call: cancelOrder},
		{ID: "create_portfolios_liquidation_request", Method: http.MethodPost, Call: liquidate},
	}
}

func listOrders(
	ctx context.Context, client *upvest.Client, _ Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	_, err := client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{}, options...)
	return uuid.Nil, err
}

func createOrder(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	order, err := client.Orders.Create(ctx, portfolios.OrderRequest{
		UserID:     about.User,
		AccountID:  about.Account,
		CashAmount: "100.00",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	}, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return order.ID, nil
}

func retrieveOrder(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	order, err := client.Orders.Retrieve(ctx, about.Order, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return order.ID, nil
}

func cancelOrder(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	return about.Order, client.Orders.Cancel(ctx, about.Order, options...)
}

func liquidate(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	order, err := client.Orders.CreateLiquidationRequest(
		ctx, about.Account, portfolios.LiquidationRequest{UserID: about.User}, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return order.ID, nil
}
