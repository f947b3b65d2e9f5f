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

// Allocations is the service for allocations, which are target mixes of instruments.
//
// Source: docs.upvest.co, "Portfolios", allocations.
type Allocations struct{ core *core }

// Create creates an allocation (POST /portfolios/allocations, scope portfolios:admin).
// Weights are exact decimals above 0, one for each instrument. The server requires that
// the weights sum to 1.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume]; [ErrBadRequest] for weights or instruments that the server
// refuses.
//
// Source: docs.upvest.co, "Create portfolios allocation".
func (s *Allocations) Create(
	ctx context.Context, request portfolios.AllocationRequest, options ...CallOption,
) (*portfolios.Allocation, error) {
	return createAllocation.call(ctx, coreOf(s), arguments{
		invalid: validate.Allocation(request),
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.CreatePortfoliosAllocation(ctx, request, edit...)
		},
		options: options,
	})
}

// Retrieve returns one allocation (GET /portfolios/allocations/{allocation_id}, scope
// portfolios:read or portfolios:admin).
//
// Errors to handle: [ErrNotFound].
//
// Source: docs.upvest.co, "Retrieve portfolios allocation".
func (s *Allocations) Retrieve(
	ctx context.Context, allocationID uuid.UUID, options ...CallOption,
) (*portfolios.Allocation, error) {
	return retrieveAllocation.call(ctx, coreOf(s), arguments{
		invalid: validate.ID("allocation_id", allocationID),
		subject: allocationID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosAllocation(ctx, allocationID, edit...)
		},
		options: options,
	})
}

// Update replaces the instruments and weights of an allocation (PUT
// /portfolios/allocations/{allocation_id}, scope portfolios:admin). An empty name is not
// sent, so that the existing name stays as it is. Update places no orders: accounts reach
// the new weights with their next rebalancing.
//
// Errors to handle: first [ErrOutcomeUnknown] and [ErrAccepted], by making the same call
// again with [Error.Resume], which overwrites changes that others made in the meantime;
// [ErrBadRequest] for weights or instruments that the server refuses; [ErrNotFound].
//
// Source: docs.upvest.co, "Update portfolios allocation".
func (s *Allocations) Update(
	ctx context.Context, allocationID uuid.UUID, request portfolios.AllocationRequest, options ...CallOption,
) (*portfolios.Allocation, error) {
	return updateAllocation.call(ctx, coreOf(s), arguments{
		invalid: errors.Join(validate.ID("allocation_id", allocationID), validate.Allocation(request)),
		subject: allocationID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.UpdatePortfoliosAllocation(ctx, allocationID, request, edit...)
		},
		options: options,
	})
}

// List returns one page of allocations (GET /portfolios/allocations, scope
// portfolios:read or portfolios:admin). List always sends the parameters sort, order and
// limit (by default id, ASC and 100). Without sort and order, the order of the rows is
// undefined.
//
// Errors to handle: [ErrBadRequest] for a parameter that the server refuses.
//
// Source: docs.upvest.co, "List portfolios allocations".
func (s *Allocations) List(
	ctx context.Context, params portfolios.ListPortfoliosAllocationsParams, options ...CallOption,
) (*portfolios.AllocationList, error) {
	return s.query(params).page(ctx, options)
}

// All reads the list page by page, from params.Offset to the end (GET
// /portfolios/allocations, scope portfolios:read or portfolios:admin). The section
// "Lists" of the package comment describes the order of the rows and what All guarantees.
//
// Errors to handle: [ErrListUnreadable] if the guarantee cannot be kept, and the errors
// of List.
//
// Source: docs.upvest.co, "List portfolios allocations".
func (s *Allocations) All(
	ctx context.Context, params portfolios.ListPortfoliosAllocationsParams, options ...AllOption,
) iter.Seq2[portfolios.Allocation, error] {
	return s.query(params).all(ctx, options)
}

func (s *Allocations) query(
	params portfolios.ListPortfoliosAllocationsParams,
) query[portfolios.Allocation, portfolios.AllocationList] {
	params.Sort = orDefault(params.Sort, portfolios.AllocationSortID)
	params.Order = orDefault(params.Order, portfolios.ListOrderASC)
	params.StartDate, params.EndDate = validate.WholeSeconds(params.StartDate, params.EndDate)
	return query[portfolios.Allocation, portfolios.AllocationList]{
		core:       coreOf(s),
		listing:    listAllocations,
		offset:     params.Offset,
		limit:      orDefault(params.Limit, defaultLimit),
		order:      params.Order,
		sortedByID: *params.Sort == portfolios.AllocationSortID,
		send: func(offset, limit *int32) sendFunc {
			params := params
			params.Offset = offset
			params.Limit = limit
			return func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
				return s.core.generated.ListPortfoliosAllocations(ctx, &params, edit...)
			}
		},
	}
}
