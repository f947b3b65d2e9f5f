package sandbox

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
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

// WithState loads a state, at the start and at each Reset. It can be given several times,
// for several clients.
func WithState(state State) Option {
	return func(c *config) error {
		c.states = append(c.states, state)
		return nil
	}
}

// worldOptions returns what the worlds of the sandbox are made from.
func (s *Sandbox) worldOptions() (world.Options, error) {
	c := s.config
	options := world.Options{
		Contract:      s.contract,
		Now:           c.clock.Now,
		NewIDs:        func() func() uuid.UUID { return newIDs(c.seed) },
		OrderDelay:    c.orderDelay,
		Accounts:      c.owner(),
		Later:         c.later,
		KeptResponses: c.keptResponses,
	}
	for _, state := range c.states {
		if state.ClientID == uuid.Nil {
			state.ClientID = c.clients[0].ID
		}
		if !slices.ContainsFunc(c.clients, func(known Client) bool { return known.ID == state.ClientID }) {
			return options, fmt.Errorf("state: %s is not a client of this sandbox", state.ClientID)
		}
		options.States = append(options.States, world.State{ClientID: state.ClientID, State: state.load()})
	}
	return options, nil
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

// Reset restores the initial state: resources, prices, kept responses, faults, requests
// and effects. Access tokens, used nonces and the clock stay. A request that is under way
// finishes in the world in which it began.
func (s *Sandbox) Reset() {
	options, err := s.worldOptions()
	if err != nil {
		return // The same options were valid at the start.
	}
	fresh, err := world.New(options)
	if err != nil {
		return
	}
	s.world.Store(fresh)
}

// SetPrice sets the price of an instrument. Each price is 1 at first, and none moves by
// itself. The value of what accounts hold of it, and of what their open individual orders
// are still going to sell, changes in proportion.
func (s *Sandbox) SetPrice(instrument api.InstrumentID, price api.Decimal) error {
	if err := s.world.Load().Ledger.SetPrice(instrument, price); err != nil {
		return fmt.Errorf("set a price: %w", err)
	}
	return nil
}
