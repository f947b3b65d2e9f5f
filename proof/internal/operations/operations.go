// Package operations calls every operation of openapi.yaml through the client. It is the
// only list of operations in this module. The fault matrix, the simulation and the public
// test suites call the operations in this list, and package drift compares it with the
// contract.
package operations

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Operation is an operation of the contract and a call of it.
type Operation struct {
	ID     string // operationId
	Method string
	Call   Call
}

// Call calls one operation. It returns the id of the resource in the response, the zero
// UUID for a list. For a cancellation, which has no body, it is the id of the order.
type Call func(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error)

// Subject has the ids of the resources for calls. Each call reads the fields that its
// request needs.
type Subject struct {
	Account    uuid.UUID // has a configuration
	NewAccount uuid.UUID // has no configuration yet
	User       uuid.UUID
	Allocation uuid.UUID
	Order      uuid.UUID
	Execution  uuid.UUID // of a rebalancing
	Strategy   uuid.UUID // of rebalancing
	Weights    Weights
}

// Weights are the weights of the two instruments of an allocation.
type Weights [2]api.Decimal

// IsWrite reports whether the operation changes something.
func (o Operation) IsWrite() bool { return o.Method != http.MethodGet }

// IsKeyed reports whether requests carry an idempotency key.
func (o Operation) IsKeyed() bool {
	return o.Method == http.MethodPost || o.Method == http.MethodPatch
}

// All returns every operation.
func All() []Operation {
	return slices.Concat(allocations(), configurations(), orders(), rebalancings())
}
