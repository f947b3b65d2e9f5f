package drift_test

// verdict classifies a change according to the versioning policy.
type verdict string

const (
	invisible    verdict = "callers cannot notice the change"
	compatible   verdict = "MINOR or PATCH"
	incompatible verdict = "MAJOR"
)

// policyMutation is a change to the contract, with its verdict.
type policyMutation struct {
	name    string
	verdict verdict
	bullet  string // beginning of the bullet in the policy that allows the change
	after   string // the edit replaces the first occurrence of `old` after this text
	old     string
	new     string
}

// These strings occur in several mutations.
const (
	newField      = "      properties:\n        note: {type: string}"
	orderSchema   = "    Order:\n      type: object"
	orderRequired = "id, created_at, updated_at, account_id, cash_amount, currency, status, " +
		"post_tax, orders]\n      properties:"
)

var policyMutations = []policyMutation{
	{
		name:    "a new endpoint",
		verdict: compatible,
		bullet:  "a new endpoint",
		old:     "\ncomponents:",
		new: "\n  /portfolios/strategies:\n    get:\n      operationId: list_strategies\n" +
			"      responses: {'200': {description: All}}\n\ncomponents:",
	},
	{
		name:    "a new HTTP method",
		verdict: compatible,
		bullet:  "a new HTTP method on an existing endpoint",
		after:   "  /portfolios/configurations/{account_id}:",
		old:     "    get:",
		new: "    delete:\n      operationId: delete_configuration\n" +
			"      responses: {'204': {description: Gone}}\n    get:",
	},
	{
		name:    "a new field of a request",
		verdict: compatible,
		bullet:  "a new optional field in a request body",
		after:   "    OrderRequest:",
		old:     "      properties:",
		new:     newField,
	},
	{
		name:    "a new query parameter",
		verdict: compatible,
		bullet:  "a new optional query parameter",
		after:   "operationId: list_portfolios_orders",
		old:     "        - name: account_id",
		new:     "        - {name: status, in: query, schema: {type: string}}\n        - name: account_id",
	},
	{
		name:    "a new field of a response",
		verdict: compatible,
		bullet:  "a new field in a response",
		after:   orderSchema,
		old:     "      properties:",
		new:     newField,
	},
	{
		name:    "a new required field of a response",
		verdict: compatible,
		bullet:  "a new field in a response",
		after:   orderSchema,
		old:     "      required: [" + orderRequired,
		new:     "      required: [note, " + orderRequired + "\n        note: {type: string}",
	},
	{
		name:    "a new field in the metadata of a list",
		verdict: compatible,
		bullet:  "a new field in a response",
		after:   "    Meta:",
		old:     "      properties:",
		new:     newField,
	},
	{
		name:    "a new field of a problem",
		verdict: compatible,
		bullet:  "a new field in a response",
		after:   "    Problem:\n      type: object",
		old:     "      properties:",
		new:     newField,
	},
	{
		name:    "a new header of a response",
		verdict: compatible,
		bullet:  "a new response header",
		after:   "    NotFound:",
		old:     "      content:",
		new:     "        x-cause: {schema: {type: string}}\n      content:",
	},
	{
		name:    "a new enum value of a response",
		verdict: compatible,
		bullet:  "a new value of a field that looks like an enum",
		after:   "    OrderStatus:",
		old:     "FILLED, ",
		new:     "FILLED, SETTLED, ",
	},
	{
		name:    "a new enum value of requests and responses",
		verdict: compatible,
		bullet:  "a new value of a field that looks like an enum",
		after:   "    Currency:",
		old:     "[EUR]",
		new:     "[EUR, GBP]",
	},
	{
		name:    "a new enum value of a query parameter",
		verdict: compatible,
		bullet:  "a new value of a field that looks like an enum",
		after:   "    ListOrder:",
		old:     "[ASC]",
		new:     "[ASC, DESC]",
	},

	{
		name:    "a different description",
		verdict: invisible,
		after:   orderSchema,
		old:     "An order for",
		new:     "The order for",
	},
	{
		name:    "a different description of a scope",
		verdict: invisible,
		after:   "          scopes:",
		old:     "Read portfolios",
		new:     "See portfolios",
	},
	{
		name:    "a different example",
		verdict: invisible,
		after:   "    OrderBuy:",
		old:     "'100.00'",
		new:     "'101.00'",
	},

	{
		name:    "a removed endpoint",
		verdict: incompatible,
		old:     "  /portfolios/orders/{portfolio_order_id}:",
		new:     "  x-portfolios-orders-id:",
	},
	{
		name:    "a removed HTTP method",
		verdict: incompatible,
		after:   "  /portfolios/orders/{portfolio_order_id}:",
		old:     "    delete:",
		new:     "    x-delete:",
	},
	{
		name:    "a renamed path",
		verdict: incompatible,
		old:     "  /portfolios/orders:",
		new:     "  /portfolios/trades:",
	},
	{
		name:    "a renamed operationId",
		verdict: incompatible,
		old:     "operationId: list_portfolios_orders",
		new:     "operationId: list_orders",
	},
	{
		name:    "a different host",
		verdict: incompatible,
		old:     "- url: https://api.upvest.co",
		new:     "- url: https://api.example.com",
	},
	{name: "a different token endpoint", verdict: incompatible, old: "/auth/token", new: "/oauth/token"},
	{
		name:    "a different scope",
		verdict: incompatible,
		after:   "operationId: list_portfolios_orders",
		old:     "portfolios:read",
		new:     "orders:read",
	},
	{
		name:    "a field of a request that becomes required",
		verdict: incompatible,
		after:   "    OrderRequest:",
		old:     "required: [user_id",
		new:     "required: [post_tax, user_id",
	},
	{
		name:    "a removed field of a request",
		verdict: incompatible,
		after:   "    OrderRequest:",
		old:     "        post_tax:",
		new:     "        x-post_tax:",
	},
	{
		name:    "a query parameter that becomes required",
		verdict: incompatible,
		after:   "operationId: list_portfolios_orders",
		old:     "- name: account_id",
		new:     "- name: account_id\n          required: true",
	},
	{
		name:    "a header that becomes required",
		verdict: incompatible,
		after:   "    UpvestAPIVersion:",
		old:     "in: header",
		new:     "in: header\n      required: true",
	},
	{
		name:    "a new optional header of a request",
		verdict: incompatible,
		after:   "operationId: list_portfolios_orders",
		old:     "        - name: account_id",
		new:     "        - {name: x-note, in: header, schema: {type: string}}\n        - name: account_id",
	},
	{
		name:    "a new version of the API",
		verdict: incompatible,
		after:   "    UpvestAPIVersion:",
		old:     "['1']",
		new:     "['1', '2']",
	},
	{
		name:    "a removed field of a response",
		verdict: incompatible,
		after:   orderSchema,
		old:     "        user_id:",
		new:     "        x-user_id:",
	},
	{
		name:    "a field of a response that becomes optional",
		verdict: incompatible,
		after:   orderSchema,
		old:     "account_id, cash_amount",
		new:     "cash_amount",
	},
	{
		name:    "a field of a response that becomes nullable",
		verdict: incompatible,
		after:   orderSchema,
		old:     "          type: string",
		new:     "          type: string\n          nullable: true",
	},
	{
		name:    "a field whose type changes",
		verdict: incompatible,
		after:   "    Meta:",
		old:     "type: integer",
		new:     "type: string",
	},
	{
		name:    "a removed enum value of a request",
		verdict: incompatible,
		after:   "    Side:",
		old:     "[BUY, SELL]",
		new:     "[BUY]",
	},
	{
		name:    "a removed enum value of a response",
		verdict: incompatible,
		after:   "    OrderStatus:",
		old:     "SUBMITTED, ",
	},
	{
		name:    "a narrower pattern",
		verdict: incompatible,
		after:   "    OrderRequest:",
		old:     "{0,63}",
		new:     "{0,20}",
	},
	{
		name:    "a lower maximum of a query parameter",
		verdict: incompatible,
		after:   "    Limit:",
		old:     "maximum: 1000",
		new:     "maximum: 500",
	},
	{
		name:    "a different default of a query parameter",
		verdict: incompatible,
		after:   "    Limit:",
		old:     "default: 100",
		new:     "default: 50",
	},
	{
		name:    "a different success status",
		verdict: incompatible,
		after:   "operationId: create_portfolios_order",
		old:     "'200'",
		new:     "'201'",
	},
	{
		name:    "a different media type",
		verdict: incompatible,
		after:   "    NotFound:",
		old:     "application/problem+json",
		new:     "application/json",
	},
	{
		name:    "a response without its request id",
		verdict: incompatible,
		after:   "    NotFound:",
		old:     "        upvest-request-id:",
		new:     "        x-upvest-request-id:",
	},
	{
		name:    "a problem without additional properties",
		verdict: incompatible,
		after:   "    Problem:\n      type: object",
		old:     "additionalProperties: true",
		new:     "additionalProperties: false",
	},
}
