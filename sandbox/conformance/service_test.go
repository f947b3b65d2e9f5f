package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// world is a client with the resources that it created.
type world struct {
	*caller
	t *testing.T
	p *running
}

func newWorld(t *testing.T, flags ...string) world {
	t.Helper()
	p := start(t, append([]string{"-order-delay", "1m"}, flags...)...)
	return world{caller: p.loggedIn(t), t: t, p: p}
}

// call sends a request that has to succeed.
func (w world) call(method, target, body string) map[string]any {
	w.t.Helper()
	a := w.send(w.t, w.build(method, target, "application/json", body).sign())
	if a.status == 204 {
		return nil
	}
	return a.object(w.t)
}

func (w world) allocate(instruments ...string) string {
	w.t.Helper()
	return w.call("POST", "/portfolios/allocations", mix(instruments...))["id"].(string)
}

// follow gives a new account a configuration.
func (w world) follow(allocation string) string {
	w.t.Helper()
	account := uuid.NewString()
	w.call("POST", "/portfolios/configurations",
		`{"account_id":"`+account+`","allocation_id":"`+allocation+`"}`)
	return account
}

func (w world) order(account, side, amount string) string {
	w.t.Helper()
	return w.call("POST", "/portfolios/orders", orderBody(account, side, amount))["id"].(string)
}

func (w world) status(order string) string {
	w.t.Helper()
	return w.call("GET", "/portfolios/orders/"+order, "")["status"].(string)
}

func (w world) advance(d time.Duration) { w.p.advance(w.t, d) }

func orderBody(account, side, amount string) string {
	return fmt.Sprintf(`{"user_id":%q,"account_id":%q,"cash_amount":%q,"currency":"EUR","side":%q}`, user,
		account, amount, side)
}

// mix is the body of an allocation: pairs of instrument and weight.
func mix(instruments ...string) string {
	var weights []string
	for pair := range slices.Chunk(instruments, 2) {
		weights = append(weights,
			fmt.Sprintf(`{"instrument_id":%q,"instrument_id_type":"ISIN","weight":%q}`, pair[0], pair[1]))
	}
	return `{"allocation":[` + strings.Join(weights, ",") + `]}`
}

const (
	world1 = "IE00B0M62Q58"
	apple  = "US0378331005"
)

func TestServiceRules(t *testing.T) {
	w := newWorld(t)
	f := fixture{allocation: w.allocate(world1, "0.7", apple, "0.3")}
	f.account = w.follow(f.allocation)
	filled := w.order(f.account, "BUY", "100")
	w.advance(3 * time.Minute)
	check(t, w.caller, slices.Concat(allocationRules, accountRules(f), dateRules, filledRules(filled)))
}

const (
	allocations    = "/portfolios/allocations"
	configurations = "/portfolios/configurations"
	orders         = "/portfolios/orders"
)

func posts(path, body string) func(*caller) *request { return signed(sends("POST", path, body), asIs) }

// allocationRules are rules of instruments and weights.
var allocationRules = []rule{
	{
		rule: "weights are above 0", source: guide,
		breaks: posts(allocations, mix(world1, "1", apple, "0")), status: 400, detail: "weight",
	},
	{
		rule: "there is at least one instrument", source: guide,
		breaks: posts(allocations, mix()), status: 400, detail: "allocation",
	},
	{
		rule: "each instrument appears once", source: guide,
		breaks: posts(allocations, mix(world1, "0.5", world1, "0.5")), status: 400,
		detail: "instrument_id",
	},
	{
		rule: "weights sum to 1", source: guide,
		keeps:  posts(allocations, mix(world1, "0.33333", apple, "0.66667")),
		breaks: posts(allocations, mix(world1, "0.33333", apple, "0.66666")), status: 400,
		detail: "weight",
	},
	{
		rule: "weights may sum to 100", source: choice,
		keeps:  posts(allocations, mix(world1, "33.5", apple, "66.5")),
		breaks: posts(allocations, mix(world1, "50", apple, "40")), status: 400, detail: "weight",
	},
}

// dateRules are rules of times in queries.
var dateRules = []rule{
	{
		rule: "dates are RFC 3339", source: reference,
		keeps:  signed(at(orders+"?start_date=2022-10-14T00:00:00Z"), asIs),
		breaks: signed(at(orders+"?end_date=yesterday"), asIs), status: 400, detail: "end_date",
	},
	{
		rule: "zones are less than a day from UTC", source: reference,
		keeps:  signed(at(orders+"?start_date=2022-10-14T00:00:00%2B23:59"), asIs),
		breaks: signed(at(orders+"?start_date=2022-10-14T00:00:00%2B24:00"), asIs), status: 400,
		detail: "start_date",
	},
	{
		rule: "a plus in a query is sent as %2B", source: choice,
		breaks: signed(at(orders+"?start_date=2022-10-14T00:00:00+02:00"), asIs), status: 400,
		detail: "send %2B for a plus",
	},
}

// fixture is an account that follows an allocation, which the rules of accounts need.
type fixture struct{ allocation, account string }

// filledRules are rules of an order that is FILLED.
func filledRules(order string) []rule {
	return []rule{{
		rule: "a FILLED order cannot be cancelled", source: reference, needs: needsControl,
		breaks: cancels(order), status: 409, detail: "not available for current status FILLED",
	}}
}

func cancels(order string) func(*caller) *request {
	return signed(sends("DELETE", orders+"/"+order, ""), asIs)
}

// accountRules are rules of configurations, orders and rebalancings.
func accountRules(f fixture) []rule {
	return []rule{
		{
			rule: "a configuration follows an allocation that exists", source: errorsPage,
			keeps: posts(configurations,
				`{"account_id":"`+uuid.NewString()+`","allocation_id":"`+f.allocation+`"}`),
			breaks: posts(configurations,
				`{"account_id":"`+uuid.NewString()+`","allocation_id":"`+uuid.NewString()+`"}`),
			status: 404, detail: "allocation_id",
		},
		{
			rule: "an account has one configuration", source: guide,
			breaks: posts(configurations,
				`{"account_id":"`+f.account+`","allocation_id":"`+f.allocation+`"}`),
			status: 409, detail: "account_id",
		},
		{
			rule: "an order needs a configuration", source: guide,
			keeps:  posts(orders, orderBody(f.account, "BUY", "1")),
			breaks: posts(orders, orderBody(uuid.NewString(), "BUY", "1")),
			status: 422, detail: "account_id",
		},
		{
			rule: "an order is for an amount", source: choice,
			breaks: posts(orders, orderBody(f.account, "BUY", "0.00")), status: 400, detail: "cash_amount",
		},
		{
			rule: "a NEW order can be cancelled", source: reference, writes: true,
			run: func(t testing.TB, c *caller) {
				t.Helper()
				placed := c.send(t, posts(orders, orderBody(f.account, "BUY", "1"))(c)).object(t)
				id, _ := placed["id"].(string)
				if a := c.send(t, cancels(id)(c)); a.status/100 != 2 {
					t.Errorf("cancel %s: %d %s", id, a.status, a.body)
				}
			},
		},
		{
			rule: "a rebalancing needs configurations", source: guide,
			keeps:  posts("/portfolios/rebalancings/executions", `{"accounts":["`+f.account+`"]}`),
			breaks: posts("/portfolios/rebalancings/executions", `{"accounts":["`+uuid.NewString()+`"]}`),
			status: 422, detail: "accounts",
		},
		{
			rule: "a rebalancing needs allocations that exist", source: errorsPage,
			keeps: posts("/portfolios/rebalancings/executions", `{"allocations":["`+f.allocation+`"]}`),
			breaks: posts("/portfolios/rebalancings/executions",
				`{"allocations":["`+uuid.NewString()+`"]}`),
			status: 404, detail: "allocations",
		},
	}
}

func TestAnOrderIsFilledInTime(t *testing.T) {
	w := newWorld(t)
	account := w.follow(w.allocate(world1, "0.7", apple, "0.3"))
	made := w.call("POST", "/portfolios/orders", orderBody(account, "BUY", "100.00"))
	if made["status"] != "NEW" || made["type"] != "BUY" || made["cash_amount"] != "100.00" ||
		len(made["orders"].([]any)) != 0 {
		t.Errorf("a new order is %v", made)
	}
	order := made["id"].(string)
	w.advance(time.Minute)
	if status := w.status(order); status != "PROCESSING" {
		t.Errorf("after a minute, the order is %s", status)
	}
	w.advance(time.Minute)
	filled := w.call("GET", "/portfolios/orders/"+order, "")
	if parts := filled["orders"].([]any); filled["status"] != "FILLED" || len(parts) != 2 ||
		filled["updated_at"] == made["updated_at"] {
		t.Errorf("after two minutes, the order is %v", filled)
	}
	for side, want := range map[string]string{"200": "CANCELLED", "50": "FILLED"} {
		order := w.order(account, "SELL", side)
		w.advance(2 * time.Minute)
		if status := w.status(order); status != want {
			t.Errorf("a SELL of %s is %s, want %s", side, status, want)
		}
	}
	if n := w.p.effects(t, "create_portfolios_order"); n != 3 {
		t.Errorf("the effects contain %d orders, want 3", n)
	}
}

// The sandbox ignores a body field that openapi.yaml does not name, even if only its case
// differs from a documented name. It acts only on the fields that it has checked.
func TestFieldNamesAreCaseSensitive(t *testing.T) {
	w := newWorld(t)
	allocation := w.allocate(world1, "0.7", apple, "0.3")
	account := w.follow(allocation)
	other := w.follow(allocation)
	body := strings.Replace(orderBody(account, "BUY", "5"), "{",
		`{"Side":"SELL","ACCOUNT_ID":"`+other+`","ca\u017fh_amount":"7","ca\u017Fh_Amount":"8",`, 1)
	made := w.call("POST", "/portfolios/orders",
		strings.TrimSuffix(body, "}")+`,"SIDE":"SELL","cash_Amount":"9"}`)
	if made["type"] != "BUY" || made["account_id"] != account || made["cash_amount"] != "5" {
		t.Errorf("placed %v", made)
	}
	named := w.call("POST", "/portfolios/allocations", `{"Name":"no","name":"yes","NAME":"no","allocation":[`+
		`{"Weight":"0.5","instrument_id":"`+apple+`","instrument_id_type":"ISIN","weight":"1"}]}`)
	weight := named["allocation"].([]any)[0].(map[string]any)["weight"]
	if named["name"] != "yes" || weight != "1" {
		t.Errorf("made %v", named)
	}
	execution := w.call("POST", "/portfolios/rebalancings/executions",
		`{"accounts":["`+account+`"],"Accounts":["`+other+`"],"Allocations":[]}`)
	read := w.call("GET", "/portfolios/rebalancings/executions/"+execution["id"].(string), "")
	if accounts := read["accounts"].([]any); len(accounts) != 1 || accounts[0] != account {
		t.Errorf("rebalanced %v", read)
	}
}

func TestChangesAndRebalancing(t *testing.T) {
	w := newWorld(t)
	allocation := w.allocate(world1, "0.7", apple, "0.3")
	other := w.allocate(world1, "1")
	accounts := []string{w.follow(allocation), w.follow(allocation)}
	for _, account := range accounts {
		w.order(account, "BUY", "100")
	}
	w.advance(2 * time.Minute)

	before := w.call("GET", "/portfolios/allocations/"+allocation, "")
	after := w.call("PUT", "/portfolios/allocations/"+allocation, mix(world1, "0.5", apple, "0.5"))
	if after["name"] != before["name"] || after["created_at"] != before["created_at"] ||
		after["updated_at"] == before["updated_at"] {
		t.Errorf("PUT made %v of %v", after, before)
	}
	kept := w.call("GET", "/portfolios/configurations/"+accounts[0], "")
	patched := w.call("PATCH", "/portfolios/configurations/"+accounts[0], `{"allocation_id":"`+other+`"}`)
	if patched["allocation_id"] != other || patched["created_at"] != kept["created_at"] ||
		patched["updated_at"] == kept["updated_at"] {
		t.Errorf("PATCH made %v of %v", patched, kept)
	}
	w.call("PATCH", "/portfolios/configurations/"+accounts[0], `{"allocation_id":"`+allocation+`"}`)

	execution := w.call("POST", "/portfolios/rebalancings/executions",
		`{"allocations":["`+allocation+`"]}`)["id"].(string)
	if read := w.call("GET", "/portfolios/rebalancings/executions/"+execution, ""); read["id"] != execution ||
		read["created_at"] == nil {
		t.Errorf("the execution reads %v", read)
	}
	for _, account := range accounts {
		page := w.call("GET", "/portfolios/orders?account_id="+account, "")["data"].([]any)
		types := map[any]int{}
		for _, order := range page {
			types[order.(map[string]any)["type"]]++
		}
		if types["REBALANCING"] != 1 || types["BUY"] != 1 {
			t.Errorf("account %s has orders of the types %v", account, types)
		}
	}
	w.advance(2 * time.Minute)
	sold := w.call("POST", "/portfolios/"+accounts[0]+"/liquidation_request", `{"user_id":"`+user+`"}`)
	w.advance(2 * time.Minute)
	if done := w.call("GET", "/portfolios/orders/"+sold["id"].(string), ""); done["type"] != "LIQUIDATION" ||
		done["status"] != "FILLED" {
		t.Errorf("the liquidation reads %v", done)
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for _, instruments := range [][]string{{world1, "1"}, {apple, "1"}, {world1, "0.5", apple, "0.5"}} {
		ids = append(ids, w.allocate(instruments...))
		w.advance(time.Minute)
	}
	list := func(query string) (got []string, meta map[string]any) {
		page := w.call("GET", "/portfolios/allocations?"+query, "")
		for _, one := range page["data"].([]any) {
			got = append(got, one.(map[string]any)["id"].(string))
		}
		return got, page["meta"].(map[string]any)
	}
	sorted := slices.Sorted(slices.Values(ids))
	if got, meta := list("sort=id&order=ASC"); !slices.Equal(got, sorted) || meta["total_count"] != 3.0 ||
		meta["limit"] != 100.0 {
		t.Errorf("got %v %v, want %v", got, meta, sorted)
	}
	if got, meta := list("limit=1&offset=1"); !slices.Equal(got, sorted[1:2]) || meta["count"] != 1.0 ||
		meta["total_count"] != 3.0 {
		t.Errorf("the second page of one is %v %v, want %v", got, meta, sorted[1:2])
	}
	if got, _ := list("instrument_ids=" + world1 + "," + apple); !slices.Equal(got, ids[2:]) {
		t.Errorf("the allocations with both instruments are %v, want %v", got, ids[2:])
	}
	second := w.call("GET", "/portfolios/allocations/"+ids[1], "")["created_at"].(string)
	if got, _ := list("start_date=" + second); len(got) != 2 || slices.Contains(got, ids[0]) {
		t.Errorf("from the second on: %v of %v", got, ids)
	}
}

func TestPricesAndReset(t *testing.T) {
	w := newWorld(t)
	account := w.follow(w.allocate(world1, "1"))
	w.order(account, "BUY", "100")
	w.advance(2 * time.Minute)
	if status := w.p.control(t, "POST", "prices", map[string]string{world1: "1.2"}, nil); status != 204 {
		t.Errorf("prices: %d", status)
	}
	for range 20 { // a broken server would start with the invalid price every time
		invalid := map[string]string{world1: "7", apple: "0"}
		if status := w.p.control(t, "POST", "prices", invalid, nil); status != 400 {
			t.Errorf("a valid and an invalid price return %d, want 400", status)
		}
	}
	sold := w.call("POST", "/portfolios/"+account+"/liquidation_request", `{"user_id":"`+user+`"}`)
	if sold["cash_amount"] != "120" {
		t.Errorf("at a higher price, the account is worth %v", sold["cash_amount"])
	}
	if status := w.p.control(t, "POST", "reset", nil, nil); status != 204 {
		t.Errorf("reset: %d", status)
	}
	if page := w.call("GET", "/portfolios/allocations", ""); len(page["data"].([]any)) != 0 ||
		w.p.effects(t, creates) != 0 {
		t.Errorf("after the reset, the page is %v", page)
	}
}

func TestClosedWorld(t *testing.T) {
	account := uuid.NewString()
	w := newWorld(t, "-accounts", account+"="+user)
	allocation := w.allocate(world1, "1")
	configure := func(account string) func(*caller) *request {
		return signed(sends("POST", "/portfolios/configurations",
			`{"account_id":"`+account+`","allocation_id":"`+allocation+`"}`), asIs)
	}
	check(t, w.caller, []rule{
		{
			rule: "only the accounts that are listed exist", source: choice,
			keeps: configure(account), breaks: configure(uuid.NewString()), status: 404, detail: "account_id",
		},
		{
			rule: "only the user who owns the account may order", source: choice,
			keeps: signed(sends("POST", "/portfolios/orders", orderBody(account, "BUY", "1")), asIs),
			breaks: signed(sends("POST", "/portfolios/orders",
				strings.Replace(orderBody(account, "BUY", "1"), user, uuid.NewString(), 1)), asIs),
			status: 404, detail: "user_id",
		},
	})
}

func TestSeed(t *testing.T) {
	first := newWorld(t, "-seed", "7").allocate(world1, "1")
	again := newWorld(t, "-seed", "7")
	// A read in between does not change the ids of later resources.
	again.call("GET", "/portfolios/allocations", "")
	second := again.allocate(world1, "1")
	other := newWorld(t, "-seed", "8").allocate(world1, "1")
	if first != second || first == other {
		t.Errorf("seeds 7, 7 and 8 gave %s, %s and %s", first, second, other)
	}
}
