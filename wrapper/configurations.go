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

// Configurations is the service for configurations. The configuration of an account
// determines which allocation the account follows. An account has at most one active
// configuration.
//
// Source: docs.upvest.co, "Portfolios", configurations.
type Configurations struct{ core *core }

// Create makes an account follow an allocation (POST /portfolios/configurations, scope
// portfolios:admin). Create places no orders: the account trades only when an order is
// placed or a rebalancing runs.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrConflict] and [ErrUnprocessable] for an account that
// already has a configuration or is not active; [ErrNotFound] for an unknown account or
// allocation.
//
// Source: docs.upvest.co, "Create portfolios configuration".
func (s *Configurations) Create(
	ctx context.Context, request portfolios.ConfigurationRequest, options ...CallOption,
) (*portfolios.Configuration, error) {
	return createConfiguration.call(ctx, coreOf(s), arguments{
		invalid: validate.Configuration(request),
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosConfiguration(ctx, request, edit...)
		},
		options: options,
	})
}

// Retrieve returns the configuration of one account (GET
// /portfolios/configurations/{account_id}, scope portfolios:read or portfolios:admin).
//
// Errors to handle: [ErrNotFound] for an account without a configuration.
//
// Source: docs.upvest.co, "Retrieve portfolios configuration".
func (s *Configurations) Retrieve(
	ctx context.Context, accountID uuid.UUID, options ...CallOption,
) (*portfolios.Configuration, error) {
	return retrieveConfiguration.call(ctx, coreOf(s), arguments{
		invalid: validate.ID("account_id", accountID),
		subject: accountID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosConfiguration(ctx, accountID, edit...)
		},
		options: options,
	})
}

// Update changes those fields of a configuration that are set in the update (PATCH
// /portfolios/configurations/{account_id}, scope portfolios:admin). A nil list of
// rebalancing strategies leaves the strategies as they are, and an empty list removes
// them all. Update places no orders: the account reaches a new allocation with its next
// rebalancing.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrBadRequest] for an update that the server refuses;
// [ErrNotFound] for an account without a configuration, or for an unknown allocation.
//
// Source: docs.upvest.co, "Update portfolios configuration".
func (s *Configurations) Update(
	ctx context.Context, accountID uuid.UUID, update portfolios.ConfigurationUpdate, options ...CallOption,
) (*portfolios.Configuration, error) {
	return updateConfiguration.call(ctx, coreOf(s), arguments{
		invalid: errors.Join(validate.ID("account_id", accountID), validate.ConfigurationUpdate(update)),
		subject: accountID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.UpdatePortfoliosConfiguration(ctx, accountID, update, edit...)
		},
		options: options,
	})
}

// List returns one page of configurations (GET /portfolios/configurations, scope
// portfolios:read or portfolios:admin). List always sends the parameters sort, order and
// limit (by default account_id, ASC and 100). Without sort and order, the order of the
// rows is undefined.
//
// Errors to handle: [ErrBadRequest] for a parameter that the server refuses.
//
// Source: docs.upvest.co, "List portfolios configurations".
func (s *Configurations) List(
	ctx context.Context, params portfolios.ListPortfoliosConfigurationsParams, options ...CallOption,
) (*portfolios.ConfigurationList, error) {
	return s.query(params).page(ctx, options)
}

// All reads the list page by page, from params.Offset to the end (GET
// /portfolios/configurations, scope portfolios:read or portfolios:admin). The section
// "Lists" of the package comment describes the order of the rows and what All guarantees.
//
// Errors to handle: [ErrListUnreadable] if the guarantee cannot be kept, and the errors
// of List.
//
// Source: docs.upvest.co, "List portfolios configurations".
func (s *Configurations) All(
	ctx context.Context, params portfolios.ListPortfoliosConfigurationsParams, options ...AllOption,
) iter.Seq2[portfolios.Configuration, error] {
	return s.query(params).all(ctx, options)
}

func (s *Configurations) query(
	params portfolios.ListPortfoliosConfigurationsParams,
) query[portfolios.Configuration, portfolios.ConfigurationList] {
	params.Sort = orDefault(params.Sort, portfolios.ConfigurationSortAccountID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return query[portfolios.Configuration, portfolios.ConfigurationList]{
		core:       coreOf(s),
		listing:    listConfigurations,
		offset:     params.Offset,
		limit:      orDefault(params.Limit, defaultLimit),
		order:      params.Order,
		sortedByID: *params.Sort == portfolios.ConfigurationSortAccountID,
		send: func(offset, limit *int32) sendFunc {
			params := params
			params.Offset = offset
			params.Limit = limit
			return func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
				return s.core.generated.ListPortfoliosConfigurations(ctx, &params, edit...)
			}
		},
	}
}
