// Package world holds everything that a reset of the sandbox replaces: resources and
// prices, kept responses, faults, latency, and the journals of requests and effects.
package world

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
)

// These are the limits of the journal of requests. The journal drops the oldest requests
// first.
const (
	maxRequests     = 10_000
	maxRequestBytes = 64 << 20
)

// Options configure a world.
type Options struct {
	Contract *openapi.Contract
	Now      func() time.Time
	// NewIDs returns a function that makes ids of resources. Each world calls NewIDs
	// once.
	NewIDs func() func() uuid.UUID
	// Random returns a number from 0 to n-1.
	Random     func(n int64) int64
	OrderDelay time.Duration
	// Clients reports whether an API client exists.
	Clients func(uuid.UUID) bool
	// Accounts returns the owner of an account, and whether the account exists. It is nil
	// if every account exists.
	Accounts func(accountID uuid.UUID) (ownerUser uuid.UUID, known bool)
	// If Later is set, the world has the operations of later versions of the API, and an
	// order becomes SETTLED after it is FILLED.
	Later bool
	// KeptResponses is the maximum total size in bytes of the responses that are kept for
	// repeated requests.
	KeptResponses int64
	States        []State
}

// hasAccount reports whether an account exists.
func (o *Options) hasAccount(id uuid.UUID) bool {
	if o.Accounts == nil {
		return true
	}
	_, known := o.Accounts(id)
	return known
}

// State is what an API client has before its first request.
type State struct {
	ClientID uuid.UUID
	Prices   map[api.InstrumentID]api.Decimal
	ledger.State
}

// World is the state of a sandbox or of one of its additional worlds. It is safe for
// concurrent use.
type World struct {
	Ledger   *ledger.Ledger
	Replays  *replays.Replays
	Faults   *fault.Queue
	Latency  *fault.Profile
	Requests *journal.Log[journal.Request]

	operations operations
}

// New returns a world in its initial state.
func New(o Options) (*World, error) {
	l := ledger.New(ledger.Options{
		Now:        o.Now,
		NewID:      o.NewIDs(),
		OrderDelay: o.OrderDelay,
		Accounts:   o.Accounts,
		Settles:    o.Later,
	})
	// All prices are set before the first state is loaded, because a state contains the
	// value of each holding at the initial prices.
	for _, state := range o.States {
		if err := l.SetPrices(state.Prices); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	for _, state := range o.States {
		ctx := ledger.WithCall(context.Background(), &ledger.Call{ClientID: state.ClientID})
		if err := l.Load(ctx, state.State); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	return &World{
		Ledger:  l,
		Replays: replays.New(o.KeptResponses),
		Faults: fault.NewQueue(fault.Known{
			Contract: o.Contract, Client: o.Clients, Account: o.hasAccount,
		}),
		Latency:    fault.NewProfile(o.Contract, o.Random),
		Requests:   journal.NewLog[journal.Request](maxRequests, maxRequestBytes),
		operations: newOperations(l, o.Later),
	}, nil
}
