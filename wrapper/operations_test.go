package wrapper_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The bodies of successful responses, as Upvest documents them.
const (
	allocationBody = `{
  "allocation": [
    {"instrument_id": "IE00B0M62Q58", "instrument_id_type": "ISIN", "weight": "0.7"},
    {"instrument_id": "US0378331005", "instrument_id_type": "ISIN", "weight": "0.3"}
  ],
  "created_at": "2021-07-21T14:10:00.00Z",
  "id": "436244bb-4afd-4002-b53b-b1d7a3bca032",
  "name": "Allocation 1",
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
	configurationBody = `{
  "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3",
  "allocation_id": "65c69f95-c7b9-4c93-9943-a8c7fe4f7aef",
  "created_at": "2021-07-21T14:10:00.00Z",
  "rebalancing_strategy_ids": [
    "7a7322f5-b45d-4aba-aae4-c12797938c93", "d7b4291b-5a26-40c2-a8dd-235bd904a2ed"
  ],
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
	orderBody = `{
  "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3",
  "allocation_id": "eb68abce-29f4-483f-a384-7f243e77851f",
  "cash_amount": "1000",
  "created_at": "2021-07-21T14:10:00.000Z",
  "currency": "EUR",
  "id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
  "orders": [
    {"id": "b291d8a4-21f5-4c52-8590-4f90ce54d0b1", "side": "SELL", "status": "NEW"},
    {"id": "81d02bd9-7b9d-443d-bbfa-31df4d543f7d", "side": "SELL", "status": "PROCESSING"},
    {"id": "e97fb564-ebb4-4f37-930a-bda49c09a2e4", "side": "SELL", "status": "FILLED"}
  ],
  "post_tax": false,
  "status": "PROCESSING",
  "type": "SELL",
  "updated_at": "2021-07-21T14:10:00.000Z"
}`
	liquidationBody = `{
  "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3",
  "allocation_id": "",
  "cash_amount": "1000",
  "created_at": "2021-07-21T14:10:00.000Z",
  "currency": "EUR",
  "id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
  "orders": [],
  "post_tax": false,
  "status": "NEW",
  "type": "LIQUIDATION",
  "updated_at": "2021-07-21T14:10:00.000Z"
}`
	rebalancingBody = `{"id": "735381ce-8380-4b07-9e42-97e2b6d3643e"}`
	executionBody   = `{
  "accounts": ["43801b85-bbcf-41c7-8389-b018082a5ec5", "20151679-c159-4f16-b8a2-267b3d968c6f"],
  "allocations": [],
  "created_at": "2021-07-21T14:10:00.00Z",
  "id": "735381ce-8380-4b07-9e42-97e2b6d3643e",
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
)

var (
	someUser       = uuid.MustParse("2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b")
	someAccount    = uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	someAllocation = uuid.MustParse("436244bb-4afd-4002-b53b-b1d7a3bca032")
	someOrder      = uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c")
	someExecution  = uuid.MustParse("735381ce-8380-4b07-9e42-97e2b6d3643e")
)

// pageOf returns a page with one row.
func pageOf(row string) string {
	return `{"data": [` + row + `], ` +
		`"meta": {"count": 1, "limit": 100, "offset": 0, "order": "ASC", "sort": "id", "total_count": 1}}`
}

func someOrderRequest() portfolios.OrderRequest {
	return portfolios.OrderRequest{
		UserID:     someUser,
		AccountID:  someAccount,
		CashAmount: "1000.10",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	}
}

// operationCase is an operation of the API, with its documented response and a function
// that calls the operation.
type operationCase struct {
	id      string
	method  string
	success string // the body of a success; Cancel has none
	call    callFunc
}

type callFunc func(context.Context, *upvest.Client, ...upvest.CallOption) (any, error)

func (o operationCase) isWrite() bool { return o.method != http.MethodGet }

// isKeyed reports whether requests of the operation carry an idempotency key.
func (o operationCase) isKeyed() bool {
	return o.method == http.MethodPost || o.method == http.MethodPatch
}

// everyOperation returns all operations. The list operations are called without
// parameters.
func everyOperation() []operationCase {
	return slices.Concat(
		allocationOperations(), configurationOperations(), orderOperations(), rebalancingOperations())
}

// operationNamed returns the operation with the given ID from [everyOperation].
func operationNamed(t testing.TB, id string) operationCase {
	t.Helper()
	operations := everyOperation()
	i := slices.IndexFunc(operations, func(o operationCase) bool { return o.id == id })
	if i < 0 {
		t.Fatalf("there is no operation %s", id)
	}
	return operations[i]
}

func allocationOperations() []operationCase {
	mix := portfolios.AllocationRequest{
		Name: "Allocation 1",
		Allocation: []portfolios.InstrumentWeight{
			{
				InstrumentID:     "IE00B0M62Q58",
				InstrumentIDType: portfolios.InstrumentIDTypeISIN,
				Weight:           "0.7",
			},
			{
				InstrumentID:     "7e1b9c1f-92f5-4f5b-8c3b-5a4d3f2e1d0c",
				InstrumentIDType: portfolios.InstrumentIDTypeUPVEST,
				Weight:           "0.30",
			},
		},
	}
	return []operationCase{
		{
			id:      "list_portfolios_allocations",
			method:  http.MethodGet,
			success: pageOf(allocationBody),
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{}, options...)
			},
		},
		{
			id:      "create_portfolios_allocation",
			method:  http.MethodPost,
			success: allocationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Allocations.Create(ctx, mix, options...)
			},
		},
		{
			id:      "retrieve_portfolios_allocation",
			method:  http.MethodGet,
			success: allocationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Allocations.Retrieve(ctx, someAllocation, options...)
			},
		},
		{
			id:      "update_portfolios_allocation",
			method:  http.MethodPut,
			success: allocationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				request := portfolios.AllocationRequest{Allocation: mix.Allocation}
				return c.Allocations.Update(ctx, someAllocation, request, options...)
			},
		},
	}
}

func configurationOperations() []operationCase {
	return []operationCase{
		{
			id:      "list_portfolios_configurations",
			method:  http.MethodGet,
			success: pageOf(configurationBody),
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Configurations.List(ctx, portfolios.ListPortfoliosConfigurationsParams{}, options...)
			},
		},
		{
			id:      "create_portfolios_configuration",
			method:  http.MethodPost,
			success: configurationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Configurations.Create(ctx, portfolios.ConfigurationRequest{
					AccountID:              someAccount,
					AllocationID:           someAllocation,
					RebalancingStrategyIDs: []uuid.UUID{someExecution},
				}, options...)
			},
		},
		{
			id:      "retrieve_portfolios_configuration",
			method:  http.MethodGet,
			success: configurationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Configurations.Retrieve(ctx, someAccount, options...)
			},
		},
		{
			id:      "update_portfolios_configuration",
			method:  http.MethodPatch,
			success: configurationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				update := portfolios.ConfigurationUpdate{AllocationID: api.OptionalUUID(someAllocation)}
				return c.Configurations.Update(ctx, someAccount, update, options...)
			},
		},
	}
}

func orderOperations() []operationCase {
	return []operationCase{
		{
			id:      "list_portfolios_orders",
			method:  http.MethodGet,
			success: pageOf(orderBody),
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{}, options...)
			},
		},
		{
			id:      "create_portfolios_order",
			method:  http.MethodPost,
			success: orderBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Orders.Create(ctx, someOrderRequest(), options...)
			},
		},
		{
			id:      "retrieve_portfolios_order",
			method:  http.MethodGet,
			success: orderBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Orders.Retrieve(ctx, someOrder, options...)
			},
		},
		{
			id:     "cancel_portfolios_order",
			method: http.MethodDelete,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return nil, c.Orders.Cancel(ctx, someOrder, options...)
			},
		},
		{
			id:      "create_portfolios_liquidation_request",
			method:  http.MethodPost,
			success: liquidationBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				request := portfolios.LiquidationRequest{UserID: someUser}
				return c.Orders.CreateLiquidationRequest(ctx, someAccount, request, options...)
			},
		},
	}
}

func rebalancingOperations() []operationCase {
	return []operationCase{
		{
			id:      "trigger_portfolio_rebalancing",
			method:  http.MethodPost,
			success: rebalancingBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				request := portfolios.RebalancingRequest{Accounts: []uuid.UUID{someAccount}}
				return c.Rebalancings.Trigger(ctx, request, options...)
			},
		},
		{
			id:      "retrieve_portfolios_rebalancing_execution",
			method:  http.MethodGet,
			success: executionBody,
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Rebalancings.RetrieveExecution(ctx, someExecution, options...)
			},
		},
	}
}
