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

// Orders buy into and sell out of the portfolio of an account.
//
// Source: docs.upvest.co, "Portfolios", orders.
type Orders struct{ core *core }

var retrieveOrder = operation{"retrieve_portfolios_order", http.MethodGet}

// Create places an order. CashAmount is an exact decimal in the order's currency; a buy is split by the weights of the account's
// allocation, a sale by the value of its positions. After an [ErrOutcomeUnknown] repeat it with [Error.Resume].
func (s *Orders) Create(ctx context.Context, request portfolios.OrderRequest, options ...CallOption) (*portfolios.Order, error) {
	op := operation{"create_portfolios_order", http.MethodPost}
	return call[portfolios.Order](ctx, s.core, op, validate.Order(request), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosOrder(ctx, request, edit...)
		})
}

// CreateLiquidationRequest sells every position of an account; the account stays active. Servers of today may have moved the operation
// and answer 404 or 405.
func (s *Orders) CreateLiquidationRequest(
	ctx context.Context, accountID uuid.UUID, request portfolios.LiquidationRequest, options ...CallOption,
) (*portfolios.Order, error) {
	op := operation{"create_portfolios_liquidation_request", http.MethodPost}
	bad := errors.Join(validate.ID("account_id", accountID), validate.ID("user_id", request.UserID))
	return call[portfolios.Order](ctx, s.core, op, bad, options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosLiquidationRequest(ctx, accountID, request, edit...)
		})
}

// Retrieve returns one order with the individual orders that it was split into.
func (s *Orders) Retrieve(ctx context.Context, portfolioOrderID uuid.UUID, options ...CallOption) (*portfolios.Order, error) {
	return call[portfolios.Order](ctx, s.core, retrieveOrder, validate.ID("portfolio_order_id", portfolioOrderID), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosOrder(ctx, portfolioOrderID, edit...)
		})
}

// Cancel asks for the cancellation of an order. It is carried out after the answer and can leave the order partly filled: [Orders.Wait]
// tells how it ended. A [ErrNotFound] or [ErrConflict] that is also [ErrOutcomeUnknown] came after an attempt that may have succeeded.
func (s *Orders) Cancel(ctx context.Context, portfolioOrderID uuid.UUID, options ...CallOption) error {
	op := operation{"cancel_portfolios_order", http.MethodDelete}
	return s.core.call(ctx, op, validate.ID("portfolio_order_id", portfolioOrderID), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CancelPortfoliosOrder(ctx, portfolioOrderID, edit...)
		},
		acceptEmpty)
}

// List returns one page. Sort, order and limit are sent even if params leaves them out (id, ASC, 100), since the server's order is
// otherwise undefined.
func (s *Orders) List(
	ctx context.Context, params portfolios.ListPortfoliosOrdersParams, options ...CallOption,
) (*portfolios.OrderList, error) {
	op := operation{"list_portfolios_orders", http.MethodGet}
	params.Sort = orDefault(params.Sort, portfolios.OrderSortID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.Limit = orDefault(params.Limit, defaultLimit)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return call[portfolios.OrderList](ctx, s.core, op, validate.Page(params.Offset, params.Limit), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.ListPortfoliosOrders(ctx, &params, edit...)
		})
}

// All goes through the whole list from params.Offset on, page by page; see [AllOption] for how it reads.
func (s *Orders) All(
	ctx context.Context, params portfolios.ListPortfoliosOrdersParams, options ...AllOption,
) iter.Seq2[portfolios.Order, error] {
	byID := params.Sort == nil || *params.Sort == portfolios.OrderSortID
	return listing[portfolios.Order]{
		offset: params.Offset, limit: params.Limit, order: params.Order, byID: byID,
		fetch: func(ctx context.Context, offset, limit int32, options []CallOption) ([]portfolios.Order, portfolios.Meta, error) {
			params := params
			params.Offset, params.Limit = &offset, &limit
			page, err := s.List(ctx, params, options...)
			if err != nil {
				return nil, portfolios.Meta{}, err
			}
			return page.Data, page.Meta, nil
		},
		id: func(order portfolios.Order) uuid.UUID { return order.ID },
	}.all(ctx, options)
}
