package conformance_test

import (
	"strings"

	"github.com/google/uuid"
)

// bodyRules are the rules for bodies.
var bodyRules = []rule{
	{
		rule: "the body is JSON", source: reference,
		breaks: signed(sends("POST", "/portfolios/allocations", `{"allocation":`), asIs),
		status: 400, detail: "the body",
	},
	{
		rule: "the body is one JSON value", source: reference,
		breaks: signed(sends("POST", "/portfolios/allocations", allocationBody+"{}"), asIs),
		status: 400, detail: "the body",
	},
	{
		rule: "a field appears once", source: choice,
		breaks: signed(sends("POST", "/portfolios/orders",
			strings.Replace(order(`"side":"BUY"`), "{", `{"side":"SELL",`, 1)), asIs),
		status: 400, detail: "body field side appears twice",
	},
	{
		rule: "a field inside a list appears once", source: choice,
		breaks: signed(post, replacing(`"weight":"0.7"`, `"weight":"1","weight":"0.7"`)),
		status: 400, detail: "body field allocation.0.weight appears twice",
	},
	{
		rule: "field names are case-sensitive", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders",
			strings.Replace(order(`"side":"BUY"`), `"side"`, `"Side"`, 1)), asIs),
		status: 400, detail: "body field side",
	},
	{
		rule: "the body is UTF-8", source: choice,
		keeps: signed(post,
			func(r *request) {
				r.setBody(strings.Replace(allocationBody, "World",
					"W\u00f6rld \\ud83c\\udf0d", 1))
			}),
		breaks: signed(post, replacing("World", "W\xf6rld")),
		status: 400, detail: "valid JSON value in UTF-8",
	},
	{
		rule: "surrogates come in pairs", source: choice,
		breaks: signed(post, replacing("World", `\ud83c`)),
		status: 400, detail: "valid JSON value in UTF-8",
	},
	{
		rule: "required fields are present", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders",
			strings.Replace(order(`"side":"BUY"`), `"cash_amount":"5",`, "", 1)), asIs),
		status: 400, detail: "body field cash_amount",
	},
	{
		rule: "fields have the documented type", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders", order(`"cash_amount":5`)), asIs),
		status: 400, detail: "body field cash_amount",
	},
	{
		rule: "fields match the documented pattern", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders", order(`"cash_amount":"1e3"`)), asIs),
		status: 400, detail: "body field cash_amount",
	},
	{
		rule: "enum fields have a documented value", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders", order(`"side":"HOLD"`)), asIs),
		status: 400, detail: "body field side",
	},
	{
		rule: "ids are UUIDs", source: reference,
		breaks: signed(sends("POST", "/portfolios/orders", order(`"account_id":"mine"`)), asIs),
		status: 400, detail: "body field account_id",
	},
	{
		rule: "fields of objects in lists are checked", source: reference,
		breaks: signed(post, replacing(`"0.3"`, `"0.300001"`)),
		status: 400, detail: "body field allocation.1.weight",
	},
	{
		rule: "an instrument is an ISIN or a UUID", source: reference,
		breaks: signed(post, replacing("US0378331005", "AAPL")),
		status: 400, detail: "body field allocation.1.instrument_id",
	},
	{
		rule: "a rebalancing has accounts or allocations", source: reference,
		breaks: signed(sends("POST", "/portfolios/rebalancings/executions", `{}`), asIs),
		status: 400, detail: "exactly one of accounts, allocations",
	},
	{
		rule: "a rebalancing does not have both accounts and allocations", source: reference,
		breaks: signed(sends("POST", "/portfolios/rebalancings/executions",
			`{"accounts":[],"allocations":[]}`), asIs),
		status: 400, detail: "exactly one of accounts, allocations",
	},
	{
		rule: "unknown fields are ignored", source: versioning,
		keeps: signed(post, replacing("{", `{"later":1,`)),
	},
}

// queryRules are the rules for parameters in the query and the path.
var queryRules = []rule{
	{
		rule: "unknown query parameters are ignored", source: versioning,
		keeps: signed(at("/portfolios/allocations?later=1"), asIs),
	},
	{
		rule: "limit is at most 1000", source: reference,
		keeps:  signed(at("/portfolios/allocations?limit=1000"), asIs),
		breaks: signed(at("/portfolios/allocations?limit=1001"), asIs),
		status: 400, detail: "query parameter limit",
	},
	{
		rule: "limit is a number", source: reference,
		breaks: signed(at("/portfolios/allocations?limit=many"), asIs),
		status: 400, detail: "query parameter limit",
	},
	{
		rule: "a parameter appears once", source: choice,
		breaks: signed(at("/portfolios/allocations?limit=1&limit=2"), asIs),
		status: 400, detail: "parameter limit",
	},
	{
		rule: "offset is not negative", source: reference,
		breaks: signed(at("/portfolios/allocations?offset=-1"), asIs),
		status: 400, detail: "query parameter offset",
	},
	{
		rule: "sort has a documented value", source: reference,
		keeps:  signed(at("/portfolios/configurations?sort=account_id&order=ASC"), asIs),
		breaks: signed(at("/portfolios/configurations?sort=id"), asIs),
		status: 400, detail: "query parameter sort",
	},
	{
		rule: "ids in paths are UUIDs", source: reference,
		breaks: signed(at("/portfolios/orders/1"), asIs),
		status: 400, detail: "path parameter portfolio_order_id",
	},
	{
		rule: "ids in queries contain dashes", source: choice,
		keeps:  signed(at("/portfolios/orders?account_id="+user), asIs),
		breaks: signed(at("/portfolios/orders?account_id="+strings.ReplaceAll(user, "-", "")), asIs),
		status: 400, detail: "query parameter account_id",
	},
	{
		rule: "ids in bodies contain dashes", source: choice,
		breaks: signed(sends("POST", "/portfolios/orders",
			order(`"account_id":"`+strings.Replace(user, "-", "", 1)+`"`)), asIs),
		status: 400, detail: "body field account_id",
	},
	{
		rule: "each dash of an instrument_id is optional", source: reference,
		keeps: signed(sends("POST", "/portfolios/allocations",
			`{"allocation":[{"instrument_id":"`+strings.Replace(user, "-", "",
				1)+`","instrument_id_type":"UPVEST","weight":"1"}]}`), asIs),
	},
	{
		rule: "the query is well-formed", source: choice,
		keeps:  signed(at("/portfolios/allocations?limit=%31"), asIs),
		breaks: signed(at("/portfolios/allocations?limit=%zz"), asIs),
		status: 400, detail: "the query cannot be read",
	},
	{
		rule: "ids in paths exist", source: errorsPage,
		breaks: signed(at("/portfolios/orders/"+uuid.NewString()), asIs),
		status: 404, detail: "portfolio_order_id",
	},
}
