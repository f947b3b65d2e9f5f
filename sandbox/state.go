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

// State is what an API client has before its first request. With a State, a test needs no
// requests to create allocations and accounts, and the journal contains no effects for
// them.
type State struct {
	// ClientID is the API client. Zero means the first client of the sandbox.
	ClientID    uuid.UUID    `json:"client_id"`
	Allocations []Allocation `json:"allocations"`
	Accounts    []Account    `json:"accounts"`
	// Prices are the prices of instruments in EUR, for all clients. The price of an
	// instrument without an entry is 1.
	Prices map[api.InstrumentID]api.Decimal `json:"prices"`
}

// Allocation is an allocation that exists from the start.
type Allocation struct {
	ID uuid.UUID `json:"id"`
	// If Name is empty, the sandbox names the allocation "Allocation N", where N counts
	// all allocations of the client.
	Name string `json:"name"`
	// Weights must sum to exactly 1 or exactly 100.
	Weights map[api.InstrumentID]api.Decimal `json:"weights"`
}

// Account is an account with a configuration or holdings from the start.
type Account struct {
	ID uuid.UUID `json:"id"`
	// AllocationID is the allocation of the account's configuration. Zero means that the
	// account has no configuration.
	AllocationID uuid.UUID `json:"allocation_id"`
	// Holdings are the values of the account's holdings by instrument, in EUR at the
	// initial prices.
	Holdings map[api.InstrumentID]api.Decimal `json:"holdings"`
}

// readState reads a state from a JSON file.
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
		// The error is always nil, because the call accepts every string.
		_ = listed.InstrumentID.FromInstrumentWeightInstrumentID0(string(id))
		loaded.Request.Allocation = append(loaded.Request.Allocation, listed)
	}
	return loaded
}
