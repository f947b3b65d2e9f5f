package wrapper

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// Orders is the service for portfolio orders, which buy and sell instruments of an
// account's portfolio.
//
// Source: docs.upvest.co, "Portfolios", orders.
type Orders struct{ core *core }

// Create places an order (POST /portfolios/orders, scope portfolios:admin). CashAmount is
// an exact decimal in the order's currency. The server splits a buy order by the weights
// of the account's allocation, and a sell order by the value of the account's positions.
// The server responds before it executes the order, so use [Orders.Wait] to find out how
// the order ended.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrBadRequest] and [ErrUnprocessable] for a request that
// the server refuses, such as an order for an account without a configuration;
// [ErrNotFound] for an unknown account or user.
//
// Source: docs.upvest.co, "Create portfolios order".
func (s *Orders) Create(
	ctx context.Context, request portfolios.OrderRequest, options ...CallOption,
) (*portfolios.Order, error) {
	return createOrder.call(ctx, coreOf(s), arguments{
		invalid: validate.Order(request),
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosOrder(ctx, request, edit...)
		},
		options: options,
	})
}

// CreateLiquidationRequest sells every position of an account (POST
// /portfolios/{account_id}/liquidation_request, scope portfolios:admin). The account
// stays active. Upvest moved this operation in later versions of the API, so today's
// servers may respond with 404 or 405.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrNotFound] and [ErrMethodNotAllowed] for an unknown
// account, or if the server implements a later version of the API.
//
// Source: docs.upvest.co, "Create portfolios liquidation request".
func (s *Orders) CreateLiquidationRequest(
	ctx context.Context, accountID uuid.UUID, request portfolios.LiquidationRequest, options ...CallOption,
) (*portfolios.Order, error) {
	return createLiquidationRequest.call(ctx, coreOf(s), arguments{
		invalid: errors.Join(validate.ID("account_id", accountID), validate.ID("user_id", request.UserID)),
		subject: accountID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosLiquidationRequest(ctx, accountID, request, edit...)
		},
		options: options,
	})
}

// Retrieve returns one order with the individual orders that it was split into (GET
// /portfolios/orders/{portfolio_order_id}, scope portfolios:read or portfolios:admin).
//
// Errors to handle: [ErrNotFound] for an unknown order, and possibly for an order that
// was placed a few seconds ago.
//
// Source: docs.upvest.co, "Retrieve portfolios order".
func (s *Orders) Retrieve(
	ctx context.Context, portfolioOrderID uuid.UUID, options ...CallOption,
) (*portfolios.Order, error) {
	return retrieveOrder.call(ctx, coreOf(s), arguments{
		invalid: validate.ID("portfolio_order_id", portfolioOrderID),
		subject: portfolioOrderID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosOrder(ctx, portfolioOrderID, edit...)
		},
		options: options,
	})
}

// Cancel requests the cancellation of an order (DELETE
// /portfolios/orders/{portfolio_order_id}, scope portfolios:admin). The server responds
// before it cancels the order, so the order may be partly filled by the time it is
// cancelled. Use [Orders.Wait] to find out how the order ended.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume] or by calling [Orders.Wait]. If an error matches
// [ErrOutcomeUnknown] and also [ErrNotFound] or [ErrConflict], an earlier attempt may
// have succeeded. Otherwise [ErrConflict] means that the order can no longer be
// cancelled, and [ErrNotFound] means that the order does not exist.
//
// Source: docs.upvest.co, "Cancel portfolios order".
func (s *Orders) Cancel(ctx context.Context, portfolioOrderID uuid.UUID, options ...CallOption) error {
	return coreOf(s).call(ctx, cancelOrder, arguments{
		invalid: validate.ID("portfolio_order_id", portfolioOrderID),
		subject: portfolioOrderID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CancelPortfoliosOrder(ctx, portfolioOrderID, edit...)
		},
		options: options,
	}, func(response *Response) error { return checkCancelled(response, portfolioOrderID) })
}

// List returns one page of orders (GET /portfolios/orders, scope portfolios:read or
// portfolios:admin). List always sends the parameters sort, order and limit (by default
// id, ASC and 100). Without sort and order, the order of the rows is undefined.
//
// Errors to handle: [ErrBadRequest] for a parameter that the server refuses.
//
// Source: docs.upvest.co, "List portfolios orders".
func (s *Orders) List(
	ctx context.Context, params portfolios.ListPortfoliosOrdersParams, options ...CallOption,
) (*portfolios.OrderList, error) {
	return s.query(params).page(ctx, options)
}

// All reads the list page by page, from params.Offset to the end (GET /portfolios/orders,
// scope portfolios:read or portfolios:admin). The section "Lists" of the package comment
// describes the order of the rows and what All guarantees.
//
// Errors to handle: [ErrListUnreadable] if the guarantee cannot be kept, and the errors
// of List.
//
// Source: docs.upvest.co, "List portfolios orders".
func (s *Orders) All(
	ctx context.Context, params portfolios.ListPortfoliosOrdersParams, options ...AllOption,
) iter.Seq2[portfolios.Order, error] {
	return s.query(params).all(ctx, options)
}

func (s *Orders) query(
	params portfolios.ListPortfoliosOrdersParams,
) query[portfolios.Order, portfolios.OrderList] {
	params.Sort = orDefault(params.Sort, portfolios.OrderSortID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return query[portfolios.Order, portfolios.OrderList]{
		core:       coreOf(s),
		listing:    listOrders,
		offset:     params.Offset,
		limit:      orDefault(params.Limit, defaultLimit),
		order:      params.Order,
		sortedByID: *params.Sort == portfolios.OrderSortID,
		send: func(offset, limit *int32) sendFunc {
			params := params
			params.Offset = offset
			params.Limit = limit
			return func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
				return s.core.generated.ListPortfoliosOrders(ctx, &params, edit...)
			}
		},
	}
}
