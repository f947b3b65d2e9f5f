package wrapper

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// Rebalancings bring accounts back to the weights of their allocations.
//
// Source: docs.upvest.co, "Portfolios", rebalancings.
type Rebalancings struct{ core *core }

// Trigger rebalances accounts, or all accounts of allocations: set exactly one of the two lists. Each account gets an order of type
// REBALANCING.
func (s *Rebalancings) Trigger(
	ctx context.Context, request portfolios.RebalancingRequest, options ...CallOption,
) (*portfolios.Rebalancing, error) {
	op := operation{"trigger_portfolio_rebalancing", http.MethodPost}
	return call[portfolios.Rebalancing](ctx, s.core, op, validate.Rebalancing(request), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.TriggerPortfolioRebalancing(ctx, request, edit...)
		})
}

// RetrieveExecution returns what a rebalancing was triggered for, and when.
func (s *Rebalancings) RetrieveExecution(
	ctx context.Context, executionID uuid.UUID, options ...CallOption,
) (*portfolios.RebalancingExecution, error) {
	op := operation{"retrieve_portfolios_rebalancing_execution", http.MethodGet}
	return call[portfolios.RebalancingExecution](ctx, s.core, op, validate.ID("execution_id", executionID), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosRebalancingExecution(ctx, executionID, edit...)
		})
}
