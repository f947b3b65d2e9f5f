package operations

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func rebalancings() []Operation {
	return []Operation{
		{ID: "trigger_portfolio_rebalancing", Method: http.MethodPost, Call: rebalance},
		{ID: "retrieve_portfolios_rebalancing_execution", Method: http.MethodGet, Call: retrieveExecution},
	}
}

func rebalance(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	request := portfolios.RebalancingRequest{Accounts: []uuid.UUID{about.Account}}
	rebalancing, err := client.Rebalancings.Trigger(ctx, request, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return rebalancing.ID, nil
}

func retrieveExecution(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	execution, err := client.Rebalancings.RetrieveExecution(ctx, about.Execution, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return execution.ID, nil
}
