package sandbox

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// State is what an API client has before the first request. It spares a test the requests
// that make it, and makes no effects.
type State struct {
	// ClientID is the API client. Zero means the first that the sandbox knows.
	ClientID    uuid.UUID
	Allocations []Allocation
	Accounts    []Account
}

// Allocation is an allocation that exists from the start.
type Allocation struct {
	ID uuid.UUID
	// Name is "Allocation 1", "Allocation 2" and so on if it is empty.
	Name string
	// Weights sum to exactly 1, or to 100.
	Weights map[api.InstrumentID]api.Decimal
}

// Account is an account that has something from the start.
type Account struct {
	ID uuid.UUID
	// AllocationID is the allocation of its configuration. Zero means that it has none.
	AllocationID uuid.UUID
	// Holdings are the values in EUR of what it holds.
	Holdings map[api.InstrumentID]api.Decimal
}

func (s State) load() ledger.State {
	var loaded ledger.State
	for _, a := range s.Allocations {
		loaded.Allocations = append(loaded.Allocations, a.load())
	}
	for _, a := range s.Accounts {
		loaded.Accounts = append(loaded.Accounts, ledger.LoadedAccount(a))
	}
	return loaded
}

func (a Allocation) load() ledger.LoadedAllocation {
	loaded := ledger.LoadedAllocation{ID: a.ID}
	if a.Name != "" {
		loaded.Request.Name = &a.Name
	}
	for _, id := range slices.Sorted(maps.Keys(a.Weights)) {
		kind := contract.InstrumentIDTypeUPVEST
		if id.IsISIN() {
			kind = contract.InstrumentIDTypeISIN
		}
		listed := contract.InstrumentWeight{InstrumentIDType: kind, Weight: string(a.Weights[id])}
		// A string is always accepted.
		_ = listed.InstrumentID.FromInstrumentWeightInstrumentID0(string(id))
		loaded.Request.Allocation = append(loaded.Request.Allocation, listed)
	}
	return loaded
}
