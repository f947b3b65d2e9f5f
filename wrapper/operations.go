package wrapper

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// operation describes an operation of the API to the call path.
type operation struct {
	id     string // Upvest's operationId
	method string
	// single forbids another attempt after an attempt that may have had an effect. Only
	// [Client.Do] sets it, because repeating one of the documented PUT and DELETE
	// operations has no further effect.
	single bool
}

func (o operation) isWrite() bool { return o.method != http.MethodGet }

// isKeyed reports whether the operation takes an idempotency key.
func (o operation) isKeyed() bool { return o.method == http.MethodPost || o.method == http.MethodPatch }

// returning is an operation whose response has a body.
type returning[T any] struct {
	operation
	// subject returns the ID in the response that must equal the ID in the path. It is
	// nil for an operation without an ID in its path.
	subject func(*T) uuid.UUID
}

// listing is an operation whose response is one page of a list.
type listing[Row, Page any] struct {
	returning[Page]
	rows func(*Page) ([]Row, portfolios.Meta)
	row  func(*Row) uuid.UUID // returns the ID of a row
}

// The operations of the contract.
var (
	listAllocations = listing[portfolios.Allocation, portfolios.AllocationList]{
		returning: returning[portfolios.AllocationList]{operation: get("list_portfolios_allocations")},
		rows: func(list *portfolios.AllocationList) ([]portfolios.Allocation, portfolios.Meta) {
			return list.Data, list.Meta
		},
		row: allocationID,
	}
	createAllocation = returning[portfolios.Allocation]{
		operation: operation{id: "create_portfolios_allocation", method: http.MethodPost},
	}
	retrieveAllocation = returning[portfolios.Allocation]{
		operation: get("retrieve_portfolios_allocation"),
		subject:   allocationID,
	}
	updateAllocation = returning[portfolios.Allocation]{
		operation: operation{id: "update_portfolios_allocation", method: http.MethodPut},
		subject:   allocationID,
	}

	listConfigurations = listing[portfolios.Configuration, portfolios.ConfigurationList]{
		returning: returning[portfolios.ConfigurationList]{operation: get("list_portfolios_configurations")},
		rows: func(list *portfolios.ConfigurationList) ([]portfolios.Configuration, portfolios.Meta) {
			return list.Data, list.Meta
		},
		row: configurationID,
	}
	createConfiguration = returning[portfolios.Configuration]{
		operation: operation{id: "create_portfolios_configuration", method: http.MethodPost},
	}
	retrieveConfiguration = returning[portfolios.Configuration]{
		operation: get("retrieve_portfolios_configuration"),
		subject:   configurationID,
	}
	updateConfiguration = returning[portfolios.Configuration]{
		operation: operation{id: "update_portfolios_configuration", method: http.MethodPatch},
		subject:   configurationID,
	}

	listOrders = listing[portfolios.Order, portfolios.OrderList]{
		returning: returning[portfolios.OrderList]{operation: get("list_portfolios_orders")},
		rows: func(list *portfolios.OrderList) ([]portfolios.Order, portfolios.Meta) {
			return list.Data, list.Meta
		},
		row: orderID,
	}
	createOrder = returning[portfolios.Order]{
		operation: operation{id: "create_portfolios_order", method: http.MethodPost},
	}
	retrieveOrder = returning[portfolios.Order]{
		operation: get("retrieve_portfolios_order"),
		subject:   orderID,
	}
	cancelOrder              = operation{id: "cancel_portfolios_order", method: http.MethodDelete}
	createLiquidationRequest = returning[portfolios.Order]{
		operation: operation{id: "create_portfolios_liquidation_request", method: http.MethodPost},
		subject:   func(order *portfolios.Order) uuid.UUID { return order.AccountID },
	}

	triggerRebalancing = returning[portfolios.Rebalancing]{
		operation: operation{id: "trigger_portfolio_rebalancing", method: http.MethodPost},
	}
	retrieveExecution = returning[portfolios.RebalancingExecution]{
		operation: get("retrieve_portfolios_rebalancing_execution"),
		subject:   func(execution *portfolios.RebalancingExecution) uuid.UUID { return execution.ID },
	}
)

// tokenOperation is the token request. The retry loop treats it as a read, because a
// token that is never used has no effect.
var tokenOperation = get("token")

func get(id string) operation { return operation{id: id, method: http.MethodGet} }

func allocationID(allocation *portfolios.Allocation) uuid.UUID { return allocation.ID }

func configurationID(configuration *portfolios.Configuration) uuid.UUID {
	return configuration.AccountID
}

func orderID(order *portfolios.Order) uuid.UUID { return order.ID }

// sendFunc sends one attempt of a call. Before it sends the request, it applies the
// editors of the client, and then the given editors.
type sendFunc func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error)

var errNoContext = errors.New("the context is nil: use context.Background() if you have no other context")
