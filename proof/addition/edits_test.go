package addition_test

import "slices"

// preparedEdits returns all edits in the order in which the test applies them.
func preparedEdits() []edit {
	return slices.Concat(codeEdits(), otherEdits())
}

// codeEdits returns the edits that add the operation to the sandbox and the client.
func codeEdits() []edit {
	return []edit{
		{
			name:    "the sandbox's handler",
			settles: []string{"RetrievePortfoliosOrderFee has no handler"},
			apply: func(c clone) {
				c.create("sandbox/internal/ledger/order_fee.go", handler)
			},
		},
		{
			name:    "the sandbox's constant",
			settles: []string{"sandbox/operation.go: " + operationID + " is missing"},
			apply: func(c clone) {
				c.insert("sandbox/operation.go", "\tCancelOrder  ", constant)
			},
		},
		{
			name: "the wrapper's method",
			settles: []string{
				"add a method that sends GET /portfolios/orders/{portfolio_order_id}/fee",
			},
			apply: func(c clone) {
				c.create("wrapper/order_fee.go", method)
			},
		},
		{
			name:    "the wrapper's check of the resource id",
			settles: []string{"identified.go: " + operationID + " accepts the response {}"},
			apply: func(c clone) {
				c.insert("wrapper/internal/wire/identified.go", "\tcase *portfolios.OrderList:\n",
					"\tcase *portfolios.OrderFee:\n\t\treturn value.ID != uuid.Nil\n")
			},
		},
		{
			name:    "the wrapper's decoding of the response",
			settles: []string{"add add[portfolios.OrderFee](o) to newObjects"},
			apply: func(c clone) {
				c.insert("wrapper/internal/wire/shape.go", "\t\tadd[portfolios.Meta](o),\n",
					"\t\tadd[portfolios.OrderFee](o),\n")
			},
		},
	}
}

// otherEdits returns the edits that add the operation to tests, lists and documents.
func otherEdits() []edit {
	return []edit{
		{
			name:    "the row in the wrapper's tests",
			settles: []string{"wrapper/operations_test.go: everyOperation: " + operationID + " is missing"},
			apply: func(c clone) {
				c.insert("wrapper/operations_test.go", "\t\t{\n\t\t\tid:      \"trigger_portfolio", row)
			},
		},
		{
			name:    "the golden request",
			settles: []string{"run go test ./wrapper -run TestRequests -update"},
			apply: func(c clone) {
				c.must(".", "go", "test", "./wrapper", "-run", "TestRequests", "-update")
			},
		},
		{
			name:    "the entry in documentedErrors",
			settles: []string{"documentedErrors: " + operationID + " is missing"},
			apply: func(c clone) {
				c.insert("proof/drift/conventions_test.go", "\t\"trigger_portfolio_rebalancing\":",
					"\t\""+operationID+"\": \"401 403 404 406 429 500 503\",\n")
			},
		},
		{
			name:    "the call for the fault matrix and the simulation",
			settles: []string{"proof/internal/operations: operations: GET " + operationID + " is missing"},
			apply: func(c clone) {
				const file = "proof/internal/operations/orders.go"
				c.insert(file, "\t\t{ID: \"cancel_portfolios_order\"", listedCall)
				c.insert(file, "func cancelOrder(\n", call)
			},
		},
		{
			name:    "the call in the demo",
			settles: []string{"examples/tour/tour.go: the demo: " + operationID + " is missing"},
			apply: func(c clone) {
				c.insert("examples/tour/tour.go", "func (t *tour) place(", part)
				c.insert("examples/tour/tour.go", "\t\t{title: \"Change the target\"",
					"\t\t{title: \"Retrieve its price\", run: t.price},\n")
			},
		},
		{
			name:    "the version of the contract",
			settles: []string{"write 1.1.0 there and in CHANGELOG.md", "write Contract 1.1.0."},
			apply: func(c clone) {
				c.replace("openapi.yaml", "\n  version: 1.0.0\n", "\n  version: 1.1.0\n")
				c.replace("CHANGELOG.md", "Contract 1.0.0.\n", "Contract 1.1.0.\n")
				c.must(".", "make", "generate")
			},
		},
		{
			name:    "the page docs/api.md",
			settles: []string{"run go test -run APIPage ./drift -update in proof/"},
			apply: func(c clone) {
				c.must("proof", "go", "test", "-run", "APIPage", "./drift", "-update")
			},
		},
		{
			name:    "the snapshot of the exported declarations",
			settles: []string{"run go test -run Exported ./drift -update in proof/"},
			apply: func(c clone) {
				c.must("proof", "go", "test", "-run", "Exported", "./drift", "-update")
			},
		},
	}
}

const (
	constant = `	RetrieveOrderFee             Operation = "retrieve_portfolios_order_fee"
`
	handler = `package ledger

import (
	"context"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// RetrievePortfoliosOrderFee returns the fee of an order, which is always zero.
func (l *Ledger) RetrievePortfoliosOrderFee(
	ctx context.Context, request contract.RetrievePortfoliosOrderFeeRequestObject,
) (contract.RetrievePortfoliosOrderFeeResponseObject, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(ctx)
	o, err := l.order(c, request.PortfolioOrderID, now)
	if err != nil {
		return nil, err
	}
	fee := contract.OrderFee{ID: o.id, Amount: "0.00"}
	return contract.RetrievePortfoliosOrderFee200JSONResponse{Body: fee}, nil
}
`
	method = `package wrapper

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

var retrieveOrderFee = returning[portfolios.OrderFee]{
	operation: get("retrieve_portfolios_order_fee"),
	subject:   func(fee *portfolios.OrderFee) uuid.UUID { return fee.ID },
}

// RetrieveFee returns the fee of one order (GET
// /portfolios/orders/{portfolio_order_id}/fee, scope portfolios:read or
// portfolios:admin), in euros.
//
// Errors to handle: [ErrNotFound].
//
// Source: docs.upvest.co, "Retrieve portfolios order fee".
func (s *Orders) RetrieveFee(
	ctx context.Context, portfolioOrderID uuid.UUID, options ...CallOption,
) (*portfolios.OrderFee, error) {
	return retrieveOrderFee.call(ctx, coreOf(s), arguments{
		invalid: validate.ID("portfolio_order_id", portfolioOrderID),
		subject: portfolioOrderID,
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return s.core.generated.RetrievePortfoliosOrderFee(ctx, portfolioOrderID, edit...)
		},
		options: options,
	})
}
`
	row = `		{
			id:      "retrieve_portfolios_order_fee",
			method:  http.MethodGet,
			success: "{\"id\": \"eb5ba93f-5dfe-4bf1-8571-4da0caacc80c\", \"amount\": \"1.50\"}",
			call: func(ctx context.Context, c *upvest.Client, options ...upvest.CallOption) (any, error) {
				return c.Orders.RetrieveFee(ctx, someOrder, options...)
			},
		},
`
	listedCall = `		{ID: "retrieve_portfolios_order_fee", Method: http.MethodGet, Call: retrieveFee},
`
	call = `func retrieveFee(
	ctx context.Context, client *upvest.Client, about Subject, options ...upvest.CallOption,
) (uuid.UUID, error) {
	fee, err := client.Orders.RetrieveFee(ctx, about.Order, options...)
	if err != nil {
		return uuid.Nil, err
	}
	return fee.ID, nil
}

`
	part = `func (t *tour) price(ctx context.Context) error {
	order, err := t.place(ctx, portfolios.SideBUY, "10.00")
	if err != nil {
		return err
	}
	fee, err := t.client.Orders.RetrieveFee(ctx, order.ID)
	if err != nil {
		return err
	}
	t.didf("it costs %s EUR", fee.Amount)
	return nil
}

`
)
