package sandbox

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// State is what an API client has before the first request. A test needs no requests to
// create it, and it has no effects.
type State struct {
	// ClientID is the API client. Zero means the first client of the sandbox.
	ClientID    uuid.UUID    `json:"client_id"`
	Allocations []Allocation `json:"allocations"`
	Accounts    []Account    `json:"accounts"`
	// Prices are the prices in EUR of instruments, for all clients. A price without an
	// entry is 1.
	Prices map[api.InstrumentID]api.Decimal `json:"prices"`
}

// Allocation is an allocation that exists from the start.
type Allocation struct {
	ID uuid.UUID `json:"id"`
	// Name is "Allocation 1", "Allocation 2" and so on if it is empty.
	Name string `json:"name"`
	// Weights sum to exactly 1, or to 100.
	Weights map[api.InstrumentID]api.Decimal `json:"weights"`
}

// Account is an account with a configuration or holdings from the start.
type Account struct {
	ID uuid.UUID `json:"id"`
	// AllocationID is the allocation of its configuration. Zero means that it has none.
	AllocationID uuid.UUID `json:"allocation_id"`
	// Holdings are the values in EUR of what the account holds of each instrument, at the
	// initial prices.
	Holdings map[api.InstrumentID]api.Decimal `json:"holdings"`
}

// readState reads the JSON file of a state.
func readState(name string) (State, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return State{}, fmt.Errorf("read the state: %w", err)
	}
	state, err := parseState(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
	if err != nil {
		return State{}, fmt.Errorf("read the state in %s: %w", name, err)
	}
	return state, nil
}

// parseState reads a state as JSON. It refuses unknown and duplicate fields.
func parseState(content []byte) (state State, err error) {
	err = json.Unmarshal(content, &state, json.RejectUnknownMembers(true))
	return state, err
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
