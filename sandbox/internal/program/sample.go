package program

import (
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// sample is the initial state of the first client: an allocation, and an account that
// follows it. The first order in the README of the repository is for this account.
func sample() sandbox.State {
	allocation := uuid.MustParse("7d3a1c52-40be-4b6f-8e25-95c0a1f4e6b8")
	return sandbox.State{
		Allocations: []sandbox.Allocation{{
			ID:      allocation,
			Name:    "World and fruit",
			Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "0.7", "US0378331005": "0.3"},
		}},
		Accounts: []sandbox.Account{{
			ID:           uuid.MustParse("1f0d3b5c-7a29-4e68-9c14-8b2e6f5a0d37"),
			AllocationID: allocation,
		}},
	}
}
