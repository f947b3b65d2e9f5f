package wrapper

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// Rebalancings is the service for rebalancings, which bring accounts back to the weights
// of their allocations.
//
// Source: docs.upvest.co, "Portfolios", rebalancings.
type Rebalancings struct{ core *core }

// Trigger rebalances the given accounts, or all accounts that follow one of the given
// allocations (POST /portfolios/rebalancings/executions, scope portfolios:admin). Set
// exactly one of the request's lists, Accounts and Allocations. Each account gets an
// order of type REBALANCING.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrBadRequest] and [ErrUnprocessable] for a list that the
// server refuses; [ErrNotFound] for an unknown account or allocation.
//
// Source: docs.upvest.co, "Trigger portfolio rebalancing".
func (s *Rebalancings) Trigger(
	ctx context.Context, request portfolios.RebalancingRequest, options ...CallOption,
) (*portfolios.Rebalancing, error) {
	return triggerRebalancing.call(ctx, coreOf(s), arguments{
		invalid: validate.Rebalancing(request),
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.TriggerPortfolioRebalancing(ctx, request, edit...)
		},
		options: options,
	})
}

// RetrieveExecution returns the accounts or allocations of a rebalancing, and the time at
// which the rebalancing was triggered (GET
// /portfolios/rebalancings/executions/{execution_id}, scope portfolios:read or
// portfolios:admin).
//
// Errors to handle: [ErrNotFound].
//
// Source: docs.upvest.co, "Retrieve portfolios rebalancing execution".
func (s *Rebalancings) RetrieveExecution(
	ctx context.Context, executionID uuid.UUID, options ...CallOption,
) (*portfolios.RebalancingExecution, error) {
	return retrieveExecution.call(ctx, coreOf(s), arguments{
		invalid: validate.ID("execution_id", executionID),
		subject: executionID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosRebalancingExecution(ctx, executionID, edit...)
		},
		options: options,
	})
}
