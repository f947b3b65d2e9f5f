package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
)

// State is what an API client has before the first request, to spare a test the requests that make it. It makes no effects.
type State struct {
	// ClientID is the API client. Zero means the first that the sandbox knows.
	ClientID    uuid.UUID
	Allocations []Allocation
	Accounts    []Account
}

// Allocation is an allocation that is there from the start.
type Allocation struct {
	ID uuid.UUID
	// Name is "Allocation 1", "Allocation 2" and so on when it is empty.
	Name string
	// Weights sum to exactly 1, or to 100.
	Weights map[api.InstrumentID]api.Decimal
}

// Account is an account that has something from the start.
type Account struct {
	ID uuid.UUID
	// AllocationID is what its configuration follows. Zero means that it has no configuration.
	AllocationID uuid.UUID
	// Holdings are the values in EUR of what it holds.
	Holdings map[api.InstrumentID]api.Decimal
}

// WithState loads a state, at the start and whenever the sandbox is Reset. It can be given several times, for several clients.
func WithState(state State) Option {
	return func(c *config) error {
		c.states = append(c.states, state)
		return nil
	}
}

// world is what Reset puts back.
type world struct {
	ledger     *ledger.Ledger
	operations operations
	replays    *replays.Replays
}

func (s *Sandbox) newWorld() (*world, error) {
	c := s.config
	l := ledger.New(ledger.Options{
		Now: c.clock.Now, NewID: newIDs(c.seed), OrderDelay: c.orderDelay, Accounts: c.owner(), Settles: c.later,
	})
	for _, state := range c.states {
		if state.ClientID == uuid.Nil {
			state.ClientID = c.clients[0].ID
		}
		if _, known := s.clients[state.ClientID]; !known {
			return nil, fmt.Errorf("state: %s is not a client of this sandbox", state.ClientID)
		}
		if err := l.Load(ledger.WithClient(context.Background(), state.ClientID), state.load()); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	return &world{ledger: l, operations: newOperations(l, c.later), replays: replays.New(c.keptAnswers)}, nil
}

func (s State) load() ledger.State {
	var loaded ledger.State
	for _, a := range s.Allocations {
		one := ledger.LoadedAllocation{ID: a.ID}
		if a.Name != "" {
			one.Request.Name = &a.Name
		}
		for _, id := range slices.Sorted(maps.Keys(a.Weights)) {
			kind := contract.InstrumentIDTypeUPVEST
			if id.IsISIN() {
				kind = contract.InstrumentIDTypeISIN
			}
			listed := contract.InstrumentWeight{InstrumentIDType: kind, Weight: string(a.Weights[id])}
			// A string is always one.
			_ = listed.InstrumentID.FromInstrumentWeightInstrumentID0(string(id))
			one.Request.Allocation = append(one.Request.Allocation, listed)
		}
		loaded.Allocations = append(loaded.Allocations, one)
	}
	for _, a := range s.Accounts {
		loaded.Accounts = append(loaded.Accounts, ledger.LoadedAccount(a))
	}
	return loaded
}

// Reset puts everything back to how it was at the start: resources, prices, kept answers, faults, requests and effects. Access tokens and used
// nonces stay, and so does the clock. A request that is under way finishes in the world that it began in.
func (s *Sandbox) Reset() {
	// The same states have been loaded before.
	if fresh, err := s.newWorld(); err == nil {
		s.world.Store(fresh)
	}
	s.ClearFaults()
	s.requests.Clear()
}

// SetPrice gives an instrument a price. Each begins with 1, and none moves by itself: what accounts hold of it, and what their open individual
// orders are still going to sell, changes its value in proportion.
func (s *Sandbox) SetPrice(instrument api.InstrumentID, price api.Decimal) error {
	if err := s.world.Load().ledger.SetPrice(instrument, price); err != nil {
		return fmt.Errorf("set a price: %w", err)
	}
	return nil
}
