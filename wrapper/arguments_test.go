package wrapper_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The tests in this file require that the client refuses invalid arguments before it
// sends a request.

// requireArgumentRefused makes a call, and checks that the client refuses the call with
// the given error instead of sending a request.
func requireArgumentRefused(t *testing.T, call func(context.Context, *upvest.Client) error, want string) {
	t.Helper()
	server := scripted(success(`{}`))
	err := call(t.Context(), newTestClient(t, server.serve))
	requireText(t, err, want)
	requireOutcome(t, err, upvest.OutcomeRefused)
	server.requireRequests(t, 0)
}

func TestInvalidAllocationsAreRefused(t *testing.T) {
	const (
		byISIN = portfolios.InstrumentIDTypeISIN
		byUUID = portfolios.InstrumentIDTypeUPVEST
	)
	for name, test := range map[string]struct {
		weights []portfolios.InstrumentWeight
		want    string
	}{
		"no instrument": {want: "allocation is empty"},
		"no instrument ID type": {
			weights: []portfolios.InstrumentWeight{{InstrumentID: "IE00B0M62Q58", Weight: "1"}},
			want:    "allocation[0].instrument_id_type is missing",
		},
		"an invalid ISIN": {
			weights: []portfolios.InstrumentWeight{
				{InstrumentID: "AAPL", InstrumentIDType: byISIN, Weight: "1"},
			},
			want: "allocation[0].instrument_id is not an ISIN",
		},
		"an invalid UUID": {
			weights: []portfolios.InstrumentWeight{
				{InstrumentID: "IE00B0M62Q58", InstrumentIDType: byUUID, Weight: "1"},
			},
			want: "allocation[0].instrument_id is not a UUID",
		},
		"the same instrument twice": {
			weights: []portfolios.InstrumentWeight{
				{InstrumentID: "IE00B0M62Q58", InstrumentIDType: byISIN, Weight: "0.5"},
				{InstrumentID: "IE00B0M62Q58", InstrumentIDType: byISIN, Weight: "0.5"},
			},
			want: "allocation[1].instrument_id",
		},
		"a weight of 0": {
			weights: []portfolios.InstrumentWeight{
				{InstrumentID: "IE00B0M62Q58", InstrumentIDType: byISIN, Weight: "0.0"},
			},
			want: "allocation[0].weight is not above 0",
		},
		"a weight with too many decimals": {
			weights: []portfolios.InstrumentWeight{
				{InstrumentID: "IE00B0M62Q58", InstrumentIDType: byISIN, Weight: "0.7000001"},
			},
			want: "allocation[0].weight is not a weight",
		},
	} {
		t.Run(name, func(t *testing.T) { requireAllocationRefused(t, test.weights, test.want) })
	}
}

// requireAllocationRefused checks that Create and Update refuse the given weights.
func requireAllocationRefused(t *testing.T, weights []portfolios.InstrumentWeight, want string) {
	t.Helper()
	request := portfolios.AllocationRequest{Name: "A", Allocation: weights}
	requireArgumentRefused(t, func(ctx context.Context, client *upvest.Client) error {
		_, err := client.Allocations.Create(ctx, request)
		return err
	}, want)
	requireArgumentRefused(t, func(ctx context.Context, client *upvest.Client) error {
		_, err := client.Allocations.Update(ctx, someAllocation, request)
		return err
	}, want)
}

func TestInvalidConfigurationsAreRefused(t *testing.T) {
	create := func(request portfolios.ConfigurationRequest) func(context.Context, *upvest.Client) error {
		return func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Configurations.Create(ctx, request)
			return err
		}
	}
	update := func(change portfolios.ConfigurationUpdate) func(context.Context, *upvest.Client) error {
		return func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Configurations.Update(ctx, someAccount, change)
			return err
		}
	}
	incomplete := []uuid.UUID{someExecution, uuid.Nil}
	for name, test := range map[string]struct {
		call func(context.Context, *upvest.Client) error
		want string
	}{
		"no account ID": {
			call: create(portfolios.ConfigurationRequest{AllocationID: someAllocation}),
			want: "account_id is missing",
		},
		"no allocation ID": {
			call: create(portfolios.ConfigurationRequest{AccountID: someAccount}),
			want: "allocation_id is missing",
		},
		"a strategy ID of zeros": {
			call: create(portfolios.ConfigurationRequest{
				AccountID: someAccount, AllocationID: someAllocation, RebalancingStrategyIDs: incomplete,
			}),
			want: "rebalancing_strategy_ids[1] is missing",
		},
		"an empty update": {
			call: update(portfolios.ConfigurationUpdate{}),
			want: "the update is empty",
		},
		"an update with a strategy ID of zeros": {
			call: update(portfolios.ConfigurationUpdate{RebalancingStrategyIDs: incomplete}),
			want: "rebalancing_strategy_ids[1] is missing",
		},
	} {
		t.Run(name, func(t *testing.T) { requireArgumentRefused(t, test.call, test.want) })
	}
}

func TestInvalidRebalancingsAreRefused(t *testing.T) {
	const eitherOr = "either accounts or allocations"
	for name, test := range map[string]struct {
		request portfolios.RebalancingRequest
		want    string
	}{
		"neither accounts nor allocations": {want: eitherOr},
		"both accounts and allocations": {
			request: portfolios.RebalancingRequest{
				Accounts:    []uuid.UUID{someAccount},
				Allocations: []uuid.UUID{someAllocation},
			},
			want: eitherOr,
		},
		"an account ID of zeros": {
			request: portfolios.RebalancingRequest{Accounts: []uuid.UUID{uuid.Nil}},
			want:    "accounts[0] is missing",
		},
		"an allocation ID of zeros": {
			request: portfolios.RebalancingRequest{Allocations: []uuid.UUID{uuid.Nil}},
			want:    "allocations[0] is missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			requireArgumentRefused(t, func(ctx context.Context, client *upvest.Client) error {
				_, err := client.Rebalancings.Trigger(ctx, test.request)
				return err
			}, test.want)
		})
	}
}
