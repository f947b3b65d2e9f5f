package drift_test

// The verdicts of the policy.
const (
	invisible    = "callers cannot notice it"
	compatible   = "MINOR or PATCH"
	incompatible = "MAJOR"
)

// policyMutation is one change to the contract and what the policy says of it. bullet is how the bullet begins that it is for.
type policyMutation struct{ name, verdict, bullet, after, old, new string }

func policyMutations() []policyMutation {
	const (
		newField = "      properties:\n        note: {type: string}"
		order    = "    Order:\n      type: object"
		required = "      required: [id, created_at, updated_at, account_id, cash_amount, currency, status, post_tax, orders]\n      properties:"
	)
	return []policyMutation{
		{
			"an endpoint", compatible, "a new endpoint", "", "\ncomponents:",
			"\n  /portfolios/strategies:\n    get:\n      operationId: list_strategies\n      responses: {'200': {description: All}}\n\ncomponents:",
		},
		{
			"a method", compatible, "a new HTTP method on an existing endpoint", "  /portfolios/configurations/{account_id}:", "    get:",
			"    delete:\n      operationId: delete_configuration\n      responses: {'204': {description: Gone}}\n    get:",
		},
		{"a field of a request", compatible, "a new optional field in a request body", "    OrderRequest:", "      properties:", newField},
		{
			"a query parameter", compatible, "a new optional query parameter", "operationId: list_portfolios_orders", "        - name: account_id",
			"        - {name: status, in: query, schema: {type: string}}\n        - name: account_id",
		},
		{"a field of an answer", compatible, "a new field in a response", order, "      properties:", newField},
		{
			"a field that an answer always has", compatible, "a new field in a response", order, required,
			"      required: [note, id, created_at, updated_at, account_id, cash_amount, currency, status, post_tax, orders]\n" + newField,
		},
		{"a field of a page", compatible, "a new field in a response", "    Meta:", "      properties:", newField},
		{"a member of a problem", compatible, "a new field in a response", "    Problem:\n      type: object", "      properties:", newField},
		{
			"a header of an answer", compatible, "a new response header", "    NotFound:", "      content:",
			"        x-cause: {schema: {type: string}}\n      content:",
		},
		{
			"a value of an answer", compatible, "a new value of a field that looks like an enum", "    OrderStatus:",
			"FILLED, ", "FILLED, SETTLED, ",
		},
		{
			"a value of requests and answers", compatible, "a new value of a field that looks like an enum", "    Currency:",
			"[EUR]", "[EUR, GBP]",
		},
		{
			"a value of a query parameter", compatible, "a new value of a field that looks like an enum", "    ListOrder:",
			"[ASC]", "[ASC, DESC]",
		},

		{"another description", invisible, "", order, "An order for", "The order for"},
		{"another example", invisible, "", "operationId: retrieve_portfolios_order", `"100.00"`, `"101.00"`},

		{"no endpoint", incompatible, "", "", "  /portfolios/orders/{portfolio_order_id}:", "  x-portfolios-orders-id:"},
		{"no method", incompatible, "", "  /portfolios/orders/{portfolio_order_id}:", "    delete:", "    x-delete:"},
		{"another path", incompatible, "", "", "  /portfolios/orders:", "  /portfolios/trades:"},
		{"another operation id", incompatible, "", "", "operationId: list_portfolios_orders", "operationId: list_orders"},
		{"another host", incompatible, "", "", "- url: https://api.upvest.co", "- url: https://api.example.com"},
		{"another token endpoint", incompatible, "", "", "/auth/token", "/oauth/token"},
		{"another scope", incompatible, "", "operationId: list_portfolios_orders", "portfolios:read", "orders:read"},
		{"a required field of a request", incompatible, "", "    OrderRequest:", "required: [user_id", "required: [post_tax, user_id"},
		{"no field of a request", incompatible, "", "    OrderRequest:", "        post_tax:", "        x-post_tax:"},
		{
			"a required query parameter", incompatible, "", "operationId: list_portfolios_orders",
			"- name: account_id", "- name: account_id\n          required: true",
		},
		{"a header that becomes required", incompatible, "", "    UpvestAPIVersion:", "in: header", "in: header\n      required: true"},
		{
			"an optional header of a request", incompatible, "", "operationId: list_portfolios_orders", "        - name: account_id",
			"        - {name: x-note, in: header, schema: {type: string}}\n        - name: account_id",
		},
		{"another version", incompatible, "", "    UpvestAPIVersion:", "['1']", "['1', '2']"},
		{"no field of an answer", incompatible, "", order, "        user_id:", "        x-user_id:"},
		{"a field that an answer may lack", incompatible, "", order, "account_id, cash_amount", "cash_amount"},
		{"a field that may be null", incompatible, "", order, "          type: string", "          type: string\n          nullable: true"},
		{"a field of another type", incompatible, "", "    Meta:", "type: integer", "type: string"},
		{"no value of a request", incompatible, "", "    Side:", "[BUY, SELL]", "[BUY]"},
		{"no value of an answer", incompatible, "", "    OrderStatus:", "SUBMITTED, ", ""},
		{"a narrower pattern", incompatible, "", "    OrderRequest:", "{0,63}", "{0,20}"},
		{"a lower limit", incompatible, "", "    Limit:", "maximum: 1000", "maximum: 500"},
		{"another default", incompatible, "", "    Limit:", "default: 100", "default: 50"},
		{"another success", incompatible, "", "operationId: create_portfolios_order", "'200'", "'201'"},
		{
			"another media type", incompatible, "", "    NotFound:",
			"application/problem+json", "application/json",
		},
		{"no request id", incompatible, "", "    NotFound:", "        upvest-request-id:", "        x-upvest-request-id:"},
		{"a closed problem", incompatible, "", "    Problem:\n      type: object", "additionalProperties: true", "additionalProperties: false"},
	}
}
