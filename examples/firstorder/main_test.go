package main

import (
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func TestMainPlacesAnOrder(t *testing.T) {
	mix := uuid.New()
	server := named.Sandbox(t, sandbox.WithState(sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
		},
		Accounts: []sandbox.Account{
			{ID: uuid.MustParse("1f0d3b5c-7a29-4e68-9c14-8b2e6f5a0d37"), AllocationID: mix},
		},
	}))
	main()
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil || len(placed) != 1 {
		t.Errorf("the program placed %d orders (error %v), want exactly 1", len(placed), err)
	}
}
