package ledger

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

type allocation struct {
	id               uuid.UUID
	created, updated time.Time
	name             string
	mix              *mix
}

func (a *allocation) show() contract.Allocation {
	return contract.Allocation{
		ID: a.id, CreatedAt: a.created, UpdatedAt: a.updated, Name: a.name,
		Allocation: slices.Clone(a.mix.listed),
	}
}

// allocation returns one allocation of the client, or a refusal (404) if the client has
// no allocation with this id.
func (c *client) allocation(id uuid.UUID) (*allocation, error) {
	if a := c.allocations.get(id); a != nil {
		return a, nil
	}
	return nil, notFound("allocation_id",
		"there is no allocation %s; expected the id of an allocation of this client", id)
}

// addAllocation adds an allocation to the client's allocations.
//
// Choice: an allocation without a name gets the name "Allocation N". N is the number of
// the client's allocations, including the new one.
func (c *client) addAllocation(id uuid.UUID, name *string, checked *mix, now time.Time) *allocation {
	a := &allocation{id: id, created: now, updated: now, mix: checked}
	if name != nil {
		a.name = *name
	} else {
		a.name = fmt.Sprintf("Allocation %d", c.allocations.len()+1)
	}
	c.allocations.insert(a)
	return a
}

// CreatePortfoliosAllocation creates an allocation.
func (l *Ledger) CreatePortfoliosAllocation(
	ctx context.Context, request contract.CreatePortfoliosAllocationRequestObject,
) (contract.CreatePortfoliosAllocationResponseObject, error) {
	if request.Body == nil {
		return nil, errNoBody()
	}
	checked, err := newMix(request.Body.Allocation)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	a := c.addAllocation(l.newID(), request.Body.Name, checked, now)
	l.record(ctx, now, a.id)
	return contract.CreatePortfoliosAllocation200JSONResponse{Body: a.show()}, nil
}

// RetrievePortfoliosAllocation returns one allocation.
func (l *Ledger) RetrievePortfoliosAllocation(
	ctx context.Context, request contract.RetrievePortfoliosAllocationRequestObject,
) (contract.RetrievePortfoliosAllocationResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, _ := l.enter(ctx)
	a, err := c.allocation(request.AllocationID)
	if err != nil {
		return nil, err
	}
	return contract.RetrievePortfoliosAllocation200JSONResponse{Body: a.show()}, nil
}

// UpdatePortfoliosAllocation replaces the mix of an allocation, and its name if the
// request contains one. Orders that were placed earlier keep the old mix.
//
// Source: the examples of "Update portfolios allocation", in which the request has no
// name and the response has the old name. Choice: an update that changes nothing does not
// set `updated_at` and records no effect.
func (l *Ledger) UpdatePortfoliosAllocation(
	ctx context.Context, request contract.UpdatePortfoliosAllocationRequestObject,
) (contract.UpdatePortfoliosAllocationResponseObject, error) {
	if request.Body == nil {
		return nil, errNoBody()
	}
	checked, err := newMix(request.Body.Allocation)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	a, err := c.allocation(request.AllocationID)
	if err != nil {
		return nil, err
	}
	name := a.name
	if request.Body.Name != nil {
		name = *request.Body.Name
	}
	if name == a.name && reflect.DeepEqual(checked.listed, a.mix.listed) {
		return contract.UpdatePortfoliosAllocation200JSONResponse{Body: a.show()}, nil
	}
	a.name = name
	a.mix = checked
	a.updated = latest(a.updated, now)
	l.record(ctx, now, a.id)
	return contract.UpdatePortfoliosAllocation200JSONResponse{Body: a.show()}, nil
}

// ListPortfoliosAllocations returns a page of allocations, sorted by id.
//
// Choice: the filter `instrument_ids` selects the allocations that contain every
// instrument in the filter.
func (l *Ledger) ListPortfoliosAllocations(
	ctx context.Context, request contract.ListPortfoliosAllocationsRequestObject,
) (contract.ListPortfoliosAllocationsResponseObject, error) {
	params := request.Params
	list, err := newListing("id", params.Sort, params.Order).
		page(params.Offset, params.Limit).
		between(params.StartDate, params.EndDate).
		checked()
	if err != nil {
		return nil, err
	}
	filters := createdBetween(list, func(a *allocation) time.Time { return a.created })
	if params.InstrumentIDs != nil {
		wanted, err := readInstrumentIDs(*params.InstrumentIDs)
		if err != nil {
			return nil, err
		}
		filters = append(filters, func(a *allocation) bool { return a.mix.holdsAll(wanted) })
	}
	c, _ := l.look(ctx)
	found, meta := paginate(l, list, c.allocations, filters)
	return page[allocation, contract.Allocation]{
		ledger: l, items: found, meta: meta, show: (*allocation).show,
	}, nil
}

func (m *mix) holdsAll(instruments []string) bool {
	for _, wanted := range instruments {
		if !slices.Contains(m.instruments, wanted) {
			return false
		}
	}
	return true
}

// readInstrumentIDs parses the filter `instrument_ids`, and returns the key of each
// instrument (see [instrumentKey]).
func readInstrumentIDs(text string) ([]string, error) {
	var keys []string
	for name := range strings.SplitSeq(text, ",") {
		id := api.InstrumentID(name)
		if checkInstrument(id) != nil {
			return nil, invalid("instrument_ids",
				"expected ISINs or UUIDs, separated by commas and without spaces")
		}
		keys = append(keys, instrumentKey(id))
	}
	return keys, nil
}
