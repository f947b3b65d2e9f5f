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

// Configurations say which allocation an account follows. An account has one.
//
// Source: docs.upvest.co, "Portfolios", configurations.
type Configurations struct{ core *core }

// Create makes an account follow an allocation.
func (s *Configurations) Create(
	ctx context.Context, request portfolios.ConfigurationRequest, options ...CallOption,
) (*portfolios.Configuration, error) {
	op := operation{"create_portfolios_configuration", http.MethodPost}
	return call[portfolios.Configuration](ctx, s.core, op, validate.Configuration(request), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosConfiguration(ctx, request, edit...)
		})
}

// Retrieve returns the configuration of one account.
func (s *Configurations) Retrieve(ctx context.Context, accountID uuid.UUID, options ...CallOption) (*portfolios.Configuration, error) {
	op := operation{"retrieve_portfolios_configuration", http.MethodGet}
	return call[portfolios.Configuration](ctx, s.core, op, validate.ID("account_id", accountID), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosConfiguration(ctx, accountID, edit...)
		})
}

// Update changes what the update names and leaves the rest: a nil list of strategies stays as it is, an empty one empties it. It trades
// nothing: the account reaches a new allocation with its next rebalancing.
func (s *Configurations) Update(
	ctx context.Context, accountID uuid.UUID, update portfolios.ConfigurationUpdate, options ...CallOption,
) (*portfolios.Configuration, error) {
	op := operation{"update_portfolios_configuration", http.MethodPatch}
	bad := errors.Join(validate.ID("account_id", accountID), validate.ConfigurationUpdate(update))
	return call[portfolios.Configuration](ctx, s.core, op, bad, options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.UpdatePortfoliosConfiguration(ctx, accountID, update, edit...)
		})
}

// List returns one page. Sort, order and limit are sent even if params leaves them out (account_id, ASC, 100), since the server's order
// is otherwise undefined.
func (s *Configurations) List(
	ctx context.Context, params portfolios.ListPortfoliosConfigurationsParams, options ...CallOption,
) (*portfolios.ConfigurationList, error) {
	op := operation{"list_portfolios_configurations", http.MethodGet}
	params.Sort = orDefault(params.Sort, portfolios.ConfigurationSortAccountID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.Limit = orDefault(params.Limit, defaultLimit)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return call[portfolios.ConfigurationList](ctx, s.core, op, validate.Page(params.Offset, params.Limit), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.ListPortfoliosConfigurations(ctx, &params, edit...)
		})
}

// All goes through the whole list from params.Offset on, page by page; see [AllOption] for how it reads.
func (s *Configurations) All(
	ctx context.Context, params portfolios.ListPortfoliosConfigurationsParams, options ...AllOption,
) iter.Seq2[portfolios.Configuration, error] {
	byID := params.Sort == nil || *params.Sort == portfolios.ConfigurationSortAccountID
	return listing[portfolios.Configuration]{
		offset: params.Offset, limit: params.Limit, order: params.Order, byID: byID,
		fetch: func(ctx context.Context, offset, limit int32, options []CallOption) ([]portfolios.Configuration, portfolios.Meta, error) {
			params := params
			params.Offset, params.Limit = &offset, &limit
			page, err := s.List(ctx, params, options...)
			if err != nil {
				return nil, portfolios.Meta{}, err
			}
			return page.Data, page.Meta, nil
		},
		id: func(configuration portfolios.Configuration) uuid.UUID { return configuration.AccountID },
	}.all(ctx, options)
}
