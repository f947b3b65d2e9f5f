package operations

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func configurations() []Operation {
	return []Operation{
		{ID: "list_portfolios_configurations", Method: http.MethodGet, Call: listConfigurations},
		{ID: "create_portfolios_configuration", Method: http.MethodPost, Call: createConfiguration},
		{ID: "retrieve_portfolios_configuration", Method: http.MethodGet, Call: retrieveConfiguration},
		{ID: "update_portfolios_configuration", Method: http.MethodPatch, Call: updateConfiguration},
	}
}

func listConfigurations(
	ctx context.Context, client *upvest.Client, _ Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	_, err := client.Configurations.List(
		ctx, portfolios.ListPortfoliosConfigurationsParams{}, options...)
	return uuid.Nil, err
}

func createConfiguration(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	request := portfolios.ConfigurationRequest{
		AccountID: about.NewAccount, AllocationID: about.Allocation,
	}
	configuration, err := client.Configurations.Create(ctx, request, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return configuration.AccountID, nil
}

func retrieveConfiguration(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	configuration, err := client.Configurations.Retrieve(ctx, about.Account, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return configuration.AccountID, nil
}

func updateConfiguration(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	request := portfolios.ConfigurationUpdate{RebalancingStrategyIDs: []uuid.UUID{about.Strategy}}
	configuration, err := client.Configurations.Update(ctx, about.Account, request, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return configuration.AccountID, nil
}
