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

// Allocations are target mixes of instruments.
//
// Source: docs.upvest.co, "Portfolios", allocations.
type Allocations struct{ core *core }

// Create defines a new allocation. Weights are exact decimals above 0, one per instrument; the server wants them to sum to 1.
func (s *Allocations) Create(
	ctx context.Context, request portfolios.AllocationRequest, options ...CallOption,
) (*portfolios.Allocation, error) {
	op := operation{"create_portfolios_allocation", http.MethodPost}
	return call[portfolios.Allocation](ctx, s.core, op, validate.Allocation(request), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosAllocation(ctx, request, edit...)
		})
}

// Retrieve returns one allocation.
func (s *Allocations) Retrieve(ctx context.Context, allocationID uuid.UUID, options ...CallOption) (*portfolios.Allocation, error) {
	op := operation{"retrieve_portfolios_allocation", http.MethodGet}
	return call[portfolios.Allocation](ctx, s.core, op, validate.ID("allocation_id", allocationID), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosAllocation(ctx, allocationID, edit...)
		})
}

// Update replaces the mix of an allocation; an empty name leaves the name as it is. It trades nothing: accounts reach the new weights
// with their next rebalancing.
func (s *Allocations) Update(
	ctx context.Context, allocationID uuid.UUID, request portfolios.AllocationRequest, options ...CallOption,
) (*portfolios.Allocation, error) {
	op := operation{"update_portfolios_allocation", http.MethodPut}
	bad := errors.Join(validate.ID("allocation_id", allocationID), validate.Allocation(request))
	return call[portfolios.Allocation](ctx, s.core, op, bad, options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.UpdatePortfoliosAllocation(ctx, allocationID, request, edit...)
		})
}

// List returns one page. Sort, order and limit are sent even if params leaves them out (id, ASC, 100), since the server's order is
// otherwise undefined.
func (s *Allocations) List(
	ctx context.Context, params portfolios.ListPortfoliosAllocationsParams, options ...CallOption,
) (*portfolios.AllocationList, error) {
	op := operation{"list_portfolios_allocations", http.MethodGet}
	params.Sort = orDefault(params.Sort, portfolios.AllocationSortID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.Limit = orDefault(params.Limit, defaultLimit)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return call[portfolios.AllocationList](ctx, s.core, op, validate.Page(params.Offset, params.Limit), options,
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.ListPortfoliosAllocations(ctx, &params, edit...)
		})
}

// All goes through the whole list from params.Offset on, page by page; see [AllOption] for how it reads.
func (s *Allocations) All(
	ctx context.Context, params portfolios.ListPortfoliosAllocationsParams, options ...AllOption,
) iter.Seq2[portfolios.Allocation, error] {
	byID := params.Sort == nil || *params.Sort == portfolios.AllocationSortID
	return listing[portfolios.Allocation]{
		offset: params.Offset, limit: params.Limit, order: params.Order, byID: byID,
		fetch: func(ctx context.Context, offset, limit int32, options []CallOption) ([]portfolios.Allocation, portfolios.Meta, error) {
			params := params
			params.Offset, params.Limit = &offset, &limit
			page, err := s.List(ctx, params, options...)
			if err != nil {
				return nil, portfolios.Meta{}, err
			}
			return page.Data, page.Meta, nil
		},
		id: func(allocation portfolios.Allocation) uuid.UUID { return allocation.ID },
	}.all(ctx, options)
}
