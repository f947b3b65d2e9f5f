// Package operations calls every operation of openapi.yaml through the client. The fault
// matrix and the simulation call the operations in the list that All returns, and package
// drift compares this list with the contract.
package operations

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Operation is an operation of the contract, with a function that calls it.
type Operation struct {
	ID     string // operationId
	Method string
	Call   Call
}

// Call calls one operation and returns the id of the resource in the response. For a
// list, it returns the zero UUID. For a cancellation, whose response has no body, it
// returns the id of the order.
type Call func(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error)

// Subject contains the values for the requests of all operations. Each call uses the
// fields that its request needs.
type Subject struct {
	Account    uuid.UUID // an account with a configuration
	NewAccount uuid.UUID // an account without a configuration
	User       uuid.UUID
	Allocation uuid.UUID
	Order      uuid.UUID
	Execution  uuid.UUID // the execution of a rebalancing
	Strategy   uuid.UUID // a strategy for rebalancing
	Weights    Weights
}

// Weights are the weights of the two instruments of an allocation.
type Weights [2]api.Decimal

// IsWrite reports whether the operation can change a resource.
func (o Operation) IsWrite() bool { return o.Method != http.MethodGet }

// IsKeyed reports whether requests for the operation carry an idempotency key.
func (o Operation) IsKeyed() bool {
	return o.Method == http.MethodPost || o.Method == http.MethodPatch
}

// All returns every operation.
func All() []Operation {
	return slices.Concat(allocations(), configurations(), orders(), rebalancings())
}
