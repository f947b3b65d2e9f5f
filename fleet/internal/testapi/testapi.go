// Package testapi starts a sandbox for tests, with accounts that follow an allocation.
package testapi

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Create is the operation that places orders.
const Create = sandbox.CreateOrder

// New starts a sandbox, and sets the UPVEST_API_* variables to its address and
// credentials until the test ends.
func New(t testing.TB, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	s := Start(t, options...)
	s.Setenv(t)
	return s
}

// Start starts a sandbox without changing the environment of this process, so a test that
// calls Start can run in parallel with other tests.
func Start(t testing.TB, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Client returns a client with the credentials in the UPVEST_API_* variables, and with
// the option [upvest.WithoutRetry].
func Client(t testing.TB, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	credentials, err := upvest.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	return ClientOf(t, credentials, options...)
}

// ClientOf returns a client with the given credentials and the option
// [upvest.WithoutRetry].
func ClientOf(
	t testing.TB, credentials upvest.Credentials, options ...upvest.ClientOption,
) *upvest.Client {
	t.Helper()
	client, err := upvest.New(credentials, append(options, upvest.WithoutRetry())...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Following returns an option for a sandbox. The option creates accounts that follow an
// allocation from the start.
func Following(accounts ...uuid.UUID) sandbox.Option {
	mix := uuid.New()
	state := sandbox.State{
		Allocations: []sandbox.Allocation{
			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B4L5Y983": "1"}},
		},
	}
	for _, account := range accounts {
		state.Accounts = append(state.Accounts, sandbox.Account{ID: account, AllocationID: mix})
	}
	return sandbox.WithState(state)
}

// Follow makes accounts follow a new allocation, so that the sandbox accepts orders for
// the accounts.
func Follow(t testing.TB, client *upvest.Client, accounts ...uuid.UUID) {
	t.Helper()
	allocation, err := client.Allocations.Create(t.Context(), portfolios.AllocationRequest{
		Name: "World",
		Allocation: []portfolios.InstrumentWeight{{
			InstrumentID: "IE00B4L5Y983", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	todo := make(chan uuid.UUID)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for account := range todo {
				request := portfolios.ConfigurationRequest{AccountID: account, AllocationID: allocation.ID}
				if _, err := client.Configurations.Create(t.Context(), request); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, account := range accounts {
		todo <- account
	}
	close(todo)
	workers.Wait()
}

// Orders counts the orders that the sandbox has placed.
func Orders(s *sandbox.Sandbox) int {
	// The filter is valid, so there is no error.
	placed, _ := s.Effects(sandbox.OfOperation(Create))
	return len(placed)
}
