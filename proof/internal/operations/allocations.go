package operations

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func allocations() []Operation {
	return []Operation{
		{ID: "list_portfolios_allocations", Method: http.MethodGet, Call: listAllocations},
		{ID: "create_portfolios_allocation", Method: http.MethodPost, Call: createAllocation},
		{ID: "retrieve_portfolios_allocation", Method: http.MethodGet, Call: retrieveAllocation},
		{ID: "update_portfolios_allocation", Method: http.MethodPut, Call: updateAllocation},
	}
}

func listAllocations(
	ctx context.Context, client *upvest.Client, _ Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	_, err := client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{}, options...)
	return uuid.Nil, err
}

func createAllocation(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	allocation, err := client.Allocations.Create(ctx, about.allocationRequest("Allocation 1"), options...)
	if err != nil {
		return uuid.Nil, err
	}
	return allocation.ID, nil
}

func retrieveAllocation(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	allocation, err := client.Allocations.Retrieve(ctx, about.Allocation, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return allocation.ID, nil
}

func updateAllocation(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	allocation, err := client.Allocations.Update(
		ctx, about.Allocation, about.allocationRequest("Allocation 2"), options...)
	if err != nil {
		return uuid.Nil, err
	}
	return allocation.ID, nil
}

func (s Subject) allocationRequest(name string) portfolios.AllocationRequest {
	return portfolios.AllocationRequest{
		Name: name,
		Allocation: []portfolios.InstrumentWeight{
			{
				InstrumentID:     "IE00B0M62Q58",
				InstrumentIDType: portfolios.InstrumentIDTypeISIN,
				Weight:           s.Weights[0],
			},
			{
				InstrumentID:     "US0378331005",
				InstrumentIDType: portfolios.InstrumentIDTypeISIN,
				Weight:           s.Weights[1],
			},
		},
	}
}
