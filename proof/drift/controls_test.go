package drift_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestControls makes each kind of mistake in the contract and proves that its check finds it.
func TestControls(t *testing.T) {
	contract := readContract(t)
	for _, control := range []struct {
		name     string
		check    func(*openapi3.T) []string
		after    string // the edit is made at the first old text behind this one
		old, new string
		want     string // in one of the findings
	}{
		{
			"an error is missing", checkStatuses, "operationId: cancel_portfolios_order",
			"        '404':\n          $ref: '#/components/responses/NotFound'\n", "", "cancel_portfolios_order responses: 404 is missing",
		},
		{
			"an error is new", checkStatuses, "operationId: create_portfolios_order",
			"        '429':", "        '409':\n          $ref: '#/components/responses/NotFound'\n        '429':", "409 is left over",
		},
		{
			"the default is missing", checkStatuses, "operationId: create_portfolios_order",
			"        default:\n          $ref: '#/components/responses/Problem'\n", "", "default is missing",
		},
		{"another success", checkStatuses, "operationId: create_portfolios_order", "'200'", "'201'", "200 is missing"},
		{"a cancel with a body status", checkStatuses, "operationId: cancel_portfolios_order", "'204'", "'200'", "204 is missing"},
		{
			"another operation", checkStatuses, "",
			"operationId: list_portfolios_orders", "operationId: list_orders", "list_orders is left over",
		},
		{
			"an error as plain JSON", checkStatuses, "    NotFound:",
			"application/problem+json", "application/json", "404: the body is not",
		},
		{
			"an error of another schema", checkStatuses, "    NotFound:",
			"schemas/Problem", "schemas/Meta", "404: the body is not a Problem",
		},
		{
			"an example of another status", checkStatuses, "    Forbidden:",
			`"status": 403`, `"status": 401`, "403: the example has the status 401",
		},

		{
			"a POST without a key", checkIdempotencyKey, "operationId: create_portfolios_order",
			"        - $ref: '#/components/parameters/IdempotencyKey'\n", "", "create_portfolios_order: idempotency-key is missing",
		},
		{
			"a PATCH without a key", checkIdempotencyKey, "operationId: update_portfolios_configuration",
			"        - $ref: '#/components/parameters/IdempotencyKey'\n", "", "update_portfolios_configuration: idempotency-key is missing",
		},
		{
			"a PUT with a key", checkIdempotencyKey, "operationId: update_portfolios_allocation",
			"parameters:", "parameters:\n        - $ref: '#/components/parameters/IdempotencyKey'",
			"update_portfolios_allocation: idempotency-key is left over",
		},
		{
			"a key for a whole path", checkIdempotencyKey, "  /portfolios/orders:",
			"parameters:", "parameters:\n      - $ref: '#/components/parameters/IdempotencyKey'",
			"list_portfolios_orders: idempotency-key is left over",
		},
		{"an optional key", checkIdempotencyKey, "    IdempotencyKey:", "required: true", "required: false", "not a required UUID"},
		{"a key of any form", checkIdempotencyKey, "    IdempotencyKey:", "        format: uuid\n", "", "not a required UUID"},

		{
			"a path without a header", checkCommonHeaders, "  /portfolios/orders:",
			"      - $ref: '#/components/parameters/SignatureInput'\n", "",
			"/portfolios/orders: header signature-input required is missing",
		},
		{
			"an optional header", checkCommonHeaders, "    Authorization:",
			"required: true", "required: false", "header authorization required is missing",
		},
		{
			"a required version", checkCommonHeaders, "    UpvestAPIVersion:",
			"in: header", "in: header\n      required: true", "header upvest-api-version required is left over",
		},

		{
			"a write for readers", checkScopes, "operationId: create_portfolios_order",
			"portfolios:admin", "portfolios:read", "create_portfolios_order scopes: [portfolios:read] is left over",
		},
		{
			"a read for one scope", checkScopes, "operationId: list_portfolios_orders",
			"        - oauth-client-credentials: ['portfolios:admin']\n", "",
			"list_portfolios_orders scopes: [portfolios:admin] is missing",
		},
		{
			"both scopes at once", checkScopes, "operationId: list_portfolios_orders",
			"['portfolios:read']", "['portfolios:read', 'portfolios:admin']", "scopes: [portfolios:read] is missing",
		},
		{
			"an undeclared scope", checkScopes, "          scopes:",
			"'portfolios:read'", "'portfolio:read'", "portfolios:read is not declared",
		},
		{
			"no scopes", checkScopes, "operationId: cancel_portfolios_order",
			"      security:\n        - oauth-client-credentials: ['portfolios:admin']\n", "",
			"cancel_portfolios_order scopes: [portfolios:admin] is missing",
		},

		{
			"a success without a request id", checkRequestID, "operationId: retrieve_portfolios_order",
			"upvest-request-id:", "x-request-id:", "retrieve_portfolios_order 200",
		},
		{"an error without a request id", checkRequestID, "    NotAcceptable:", "upvest-request-id:", "x-request-id:", "406"},
		{
			"a request id of any form", checkRequestID, "    UpvestRequestID:",
			"        format: uuid\n", "", "no upvest-request-id that is a UUID",
		},

		{
			"a new property", checkFields, "    Order:",
			"      properties:", "      properties:\n        venue: {type: string}", "venue is missing",
		},
		{"a removed property", checkFields, "    Problem:", "        instance:", "        x-instance:", "instance is left over"},
		{"a new name", checkFields, "    LiquidationRequest:", "        user_id:", "        customer_id:", "customer_id is missing"},
		{
			"an amount as a number", checkFields, "    OrderRequest:",
			"          type: string\n          pattern:", "          type: number\n          x-pattern:",
			"cash_amount: api.Decimal cannot hold",
		},
		{"a time as text", checkFields, "    Rebalancing", "          format: date-time\n", "", "created_at: time.Time cannot hold"},
		{"an id as text", checkFields, "    Rebalancing:", "          format: uuid\n", "", "id: uuid.UUID cannot hold"},
		{
			"items of another type", checkFields, "    RebalancingAccounts:",
			"            format: uuid\n", "", "accounts[]: uuid.UUID cannot hold",
		},
		{
			"a list as one value", checkFields, "    RebalancingExecution:",
			"          type: array", "          type: string", "cannot hold",
		},
		{"a count as text", checkFields, "    Meta:", "type: integer", "type: string", "offset: int cannot hold"},
		{
			"a flag as text", checkFields, "    OrderRequest:",
			"          type: boolean\n          default: false", "          type: string", "post_tax: bool cannot hold",
		},
		{
			"an id that may be missing", checkFields, "    Configuration:",
			"account_id, allocation_id]", "account_id]", "allocation_id: required is false",
		},
		{
			"an id that may not be missing", checkFields, "    Order:",
			"required: [id,", "required: [id, user_id,", "user_id: required is true",
		},
		{
			"another schema", checkFields, "operationId: create_portfolios_order",
			"schemas/OrderRequest", "schemas/LiquidationRequest",
			"is LiquidationRequest in the contract and generated.OrderRequest in Go",
		},
		{
			"an enum as text", checkFields, "    OrderStatus:",
			"      enum: [NEW, SUBMITTED, PROCESSING, FILLED, CANCELLED]\n", "", "status: generated.OrderStatus cannot hold",
		},
		{
			"a text as enum", checkFields, "    Meta:",
			"        sort:\n", "        sort:\n          enum: [id]\n",
			"sort: string is no named string",
		},
		{
			"a schema without use", checkFields, "  schemas:",
			"    AllocationSort:", "    Venue: {type: string}\n    AllocationSort:", "Venue: no operation uses this schema",
		},
		{
			"a body that is gone", checkFields, "operationId: retrieve_portfolios_order",
			"          content:", "          x-content:", "returns a generated.Order, which no response has",
		},
		{
			"a body where none was", checkFields, "operationId: cancel_portfolios_order",
			"        '401'",
			"        '202':\n          description: Accepted\n" +
				"          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}\n        '401'",
			"cancel_portfolios_order 202: there is no Go type",
		},
		{
			"a new query parameter", checkFields, "operationId: list_portfolios_orders",
			"- name: account_id", "- name: user_id", "query: user_id is missing",
		},
		{
			"a required query parameter", checkFields, "operationId: list_portfolios_orders",
			"- name: account_id", "- name: account_id\n          required: true", "account_id: required is true",
		},
		{
			"a closed problem", checkFields, "    Problem:\n      type: object",
			"additionalProperties: true", "additionalProperties: false", "AdditionalProperties is left over",
		},

		{"a new enum value", checkEnums, "    OrderStatus:", "FILLED, ", "FILLED, SETTLED, ", "OrderStatus: SETTLED is missing"},
		{"a removed enum value", checkEnums, "    OrderStatus:", "SUBMITTED, ", "", "OrderStatus: SUBMITTED is left over"},
		{"a new enum value of a query parameter", checkEnums, "    ListOrder:", "[ASC]", "[ASC, DESC]", "ListOrder: DESC is missing"},

		{"a longer fraction", checkPatterns, "    Order:", "{1,27}", "{1,28}", "Order/properties/cash_amount"},
		{"a shorter fraction", checkPatterns, "    OrderRequest:", "{1,27}", "{1,26}", "OrderRequest/properties/cash_amount"},
		{"a longer amount", checkPatterns, "    Order:", "{0,63}", "{0,64}", "cash_amount"},
		{"an amount with a sign", checkPatterns, "    Order:", "'^[0-9]{0,63}", "'^-?[0-9]{0,63}", "cash_amount"},
		{"an open end", checkPatterns, "    Order:", `{1,27})?$'`, `{1,27})?'`, "cash_amount"},
		{"a finer weight", checkPatterns, "", "{1,5})?)$'", "{1,6})?)$'", "weight"},
		{"a weight of 100.0", checkPatterns, "", "'^(100|", `'^(100(\.0)?|`, "weight"},
		{"an ISIN in lower case", checkPatterns, "", "'^[A-Z]{2}", "'^[A-Za-z]{2}", "instrument_id/oneOf/0"},
		{"a UUID of version 7", checkPatterns, "    InstrumentWeight:", "[0-5]", "[0-7]", "instrument_id/oneOf/1"},
		{
			"a pattern nobody checks", checkPatterns, "    LiquidationRequest:",
			"          type: string", "          type: string\n          pattern: '^a'", "no value type of package api",
		},
		{
			"no pattern", checkPatterns, "    InstrumentWeight:",
			`          pattern: '^(100|[0-9]{1,2}(\.[0-9]{1,5})?)$'` + "\n", "", "weight: the contract has no pattern there",
		},

		{
			"an amount as a JSON number", checkExamples, "operationId: create_portfolios_order",
			`"100.00"`, "100.00", "create_portfolios_order request buy /cash_amount",
		},
		{
			"an amount that is none", checkExamples, "operationId: create_portfolios_order",
			`"100.00"`, `"1e2"`, "request buy /cash_amount",
		},
		{"an unknown side", checkExamples, "operationId: create_portfolios_order", `"BUY"`, `"HOLD"`, "request buy /side"},
		{"an unknown currency", checkExamples, "operationId: create_portfolios_order", `"EUR"`, `"eur"`, "request buy /currency"},
		{
			"an undeclared member", checkExamples, "operationId: retrieve_portfolios_order",
			`"post_tax"`, `"venue": "XETR", "post_tax"`, "200 buy /venue: is lost",
		},
		{
			"a missing member", checkExamples, "operationId: create_portfolios_configuration",
			`"account_id": "f2f7d2c7-d79b-4de2-ae9b-d01646259f9e",`, "", "request strategies /account_id",
		},
		{"a bad time", checkExamples, "operationId: retrieve_portfolios_order", "T14:10:00.00Z", " 14:10", "200 buy /created_at"},
		{
			"a bad id in a list", checkExamples, "operationId: trigger_portfolio_rebalancing",
			"20151679-", "20151679", "request accounts",
		},
		{
			"a list and no instrument", checkExamples, "operationId: create_portfolios_allocation",
			"IE00B0M62Q58", "ie00b0m62q58", "request allocation /allocation/0/instrument_id",
		},
		{
			"a problem without a type", checkExamples, "    Forbidden:",
			"              \"status\": 403,\n              \"type\"", "              \"status\": 403,\n              \"kind\"",
			"403 /type",
		},
		{"a problem with a text for a status", checkExamples, "    Forbidden:", `"status": 403`, `"status": "403"`, "403 /"},
		{
			"a body without an example", checkExamples, "operationId: retrieve_portfolios_order",
			"examples:", "x-examples:", "retrieve_portfolios_order 200: there is no example",
		},
		{
			"a parameter's bad example", checkExamples, "    IdempotencyKey:",
			"example: f1150421-", "example: f1150421", "idempotency-key",
		},
		{
			"a header's bad example", checkExamples, "    UpvestRequestID:",
			"example: 169ae4c7-", "example: 169ae4c7", "upvest-request-id",
		},
		{
			"an oddity put right", checkExamples, "",
			`"allocation_id": ""`, `"allocation_id": "eb68abce-29f4-483f-a384-7f243e77851f"`, "no longer odd",
		},

		{"another path", checkRequests, "", "  /portfolios/orders:", "  /portfolios/trades:", "documented is GET /portfolios/trades"},
		{
			"another method", checkRequests, "  /portfolios/allocations/{allocation_id}:",
			"    put:", "    patch:", "documented is PATCH",
		},
		{
			"another operation id", checkRequests, "",
			"operationId: list_portfolios_orders", "operationId: list_orders",
			"no generated method ListOrders",
		},
		{
			"a body for a GET", checkRequests, "operationId: list_portfolios_orders",
			"      responses:", "      requestBody: {content: {application/json: {}}}\n      responses:", "the content type",
		},
		{
			"a filter that is no id", checkRequests, "operationId: list_portfolios_orders",
			"example: 2c865aab-6737-4b0e-9154-69a4622b2727", "example: none", "account_id cannot hold",
		},
		{"a day for a time", checkRequests, "    StartDate:", "'2022-10-14T00:00:00Z'", "'2022-10-14'", "start_date cannot hold"},
		{
			"a filter in a finer form", checkRequests, "    StartDate:",
			"'2022-10-14T00:00:00Z'", "'2022-10-14T00:00:00.100Z'", "start_date=2022-10-14T00:00:00.100Z is missing",
		},
		{"a limit beyond 32 bits", checkRequests, "    Limit:", "maximum: 1000", "maximum: 10000000000", "limit"},
		{
			"a new filter", checkRequests, "operationId: list_portfolios_orders",
			"- name: account_id", "- name: user_id", "query: user_id=",
		},

		{
			"a path without a method", checkWrapper, "",
			"  /portfolios/orders:", "  /portfolios/trades:", "create_portfolios_order: there is no method of the wrapper that sends POST",
		},
		{
			"a method without an operation", checkWrapper, "  /portfolios/orders/{portfolio_order_id}:",
			"    delete:", "    x-delete:", "Orders.Cancel sends DELETE /portfolios/orders/" + sampleID.String() + ", which is no operation",
		},
		{
			"a new method of a path", checkWrapper, "  /portfolios/orders:",
			"    get:", "    put: {operationId: replace_orders, responses: {}}\n    get:", "replace_orders: there is no method",
		},
		{
			"an operation that the sandbox does not know", checkSandbox, "",
			"operationId: list_portfolios_orders", "operationId: list_orders", `list_orders: the sandbox takes the request for "list_p`,
		},
		{
			"an operation without a golden request", checkGoldenRequests, "",
			"operationId: list_portfolios_orders", "operationId: list_orders", "list_orders is missing",
		},
	} {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			edited := edit(t, contract, control.after, control.old, control.new)
			findings := control.check(parse(t, edited))
			if !strings.Contains(strings.Join(findings, "\n"), control.want) {
				t.Errorf("want a finding with %q, got %q", control.want, findings)
			}
		})
	}
}

// edit replaces the first old text behind another one.
func edit(t *testing.T, contract, after, old, replacement string) string {
	t.Helper()
	start := strings.Index(contract, after)
	offset := strings.Index(contract[max(start, 0):], old)
	if start < 0 || offset < 0 {
		t.Fatalf("the contract has no %q behind %q: the control needs another text", old, after)
	}
	return contract[:start+offset] + replacement + contract[start+offset+len(old):]
}
