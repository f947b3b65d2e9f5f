package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// world is a caller with the program that it calls. Its methods fail the test if a
// request fails.
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

// call sends a request that must succeed.
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

// follow creates a configuration for a new account and returns the account.
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

// mix returns the body of an allocation. The arguments are alternately instruments and
// weights.
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

// allocationRules are the rules for instruments and weights.
var allocationRules = []rule{
	{
		rule: "weights are above 0", source: guide,
		breaks: posts(allocations, mix(world1, "1", apple, "0")), status: 400, detail: "weight",
	},
	{
		rule: "an allocation has at least one instrument", source: guide,
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

// dateRules are the rules for times in queries.
var dateRules = []rule{
	{
		rule: "dates are RFC 3339", source: reference,
		keeps:  signed(at(orders+"?start_date=2022-10-14T00:00:00Z"), asIs),
		breaks: signed(at(orders+"?end_date=yesterday"), asIs), status: 400, detail: "end_date",
	},
	{
		rule: "time zone offsets are less than a day", source: reference,
		keeps:  signed(at(orders+"?start_date=2022-10-14T00:00:00%2B23:59"), asIs),
		breaks: signed(at(orders+"?start_date=2022-10-14T00:00:00%2B24:00"), asIs), status: 400,
		detail: "start_date",
	},
	{
		rule: "a plus sign in a query is sent as %2B", source: choice,
		breaks: signed(at(orders+"?start_date=2022-10-14T00:00:00+02:00"), asIs), status: 400,
		detail: "send %2B for a plus",
	},
}

// fixture is an account that follows an allocation. The rules for accounts need it.
type fixture struct{ allocation, account string }

// filledRules are the rules for an order that is FILLED.
func filledRules(order string) []rule {
	return []rule{{
		rule: "a FILLED order cannot be cancelled", source: reference, needs: needsControl,
		breaks: cancels(order), status: 409, detail: "not available for current status FILLED",
	}}
}

func cancels(order string) func(*caller) *request {
	return signed(sends("DELETE", orders+"/"+order, ""), asIs)
}

// accountRules are the rules for configurations, orders and rebalancings.
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
			rule: "the amount of an order is positive", source: choice,
			breaks: posts(orders, orderBody(f.account, "BUY", "0.00")), status: 400, detail: "cash_amount",
		},
		{
			rule: "a NEW order can be cancelled", source: reference, writes: true,
			run: func(t testing.TB, c *caller) {
				t.Helper()
				placed := c.send(t, posts(orders, orderBody(f.account, "BUY", "1"))(c)).object(t)
				id, _ := placed["id"].(string)
				if a := c.send(t, cancels(id)(c)); a.status/100 != 2 {
					t.Errorf("cancelling the NEW order %s got %d %s, want 2xx", id, a.status, a.body)
				}
			},
		},
		{
			rule: "a rebalancing needs accounts with configurations", source: guide,
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

func TestAnOrderIsFilledAsTimePasses(t *testing.T) {
	w := newWorld(t)
	account := w.follow(w.allocate(world1, "0.7", apple, "0.3"))
	made := w.call("POST", "/portfolios/orders", orderBody(account, "BUY", "100.00"))
	if made["status"] != "NEW" || made["type"] != "BUY" || made["cash_amount"] != "100.00" ||
		len(made["orders"].([]any)) != 0 {
		t.Errorf("a new order is %v, want a NEW BUY of 100.00 without individual orders", made)
	}
	order := made["id"].(string)
	w.advance(time.Minute)
	if status := w.status(order); status != "PROCESSING" {
		t.Errorf("after a minute, the order is %s, want PROCESSING", status)
	}
	w.advance(time.Minute)
	filled := w.call("GET", "/portfolios/orders/"+order, "")
	if parts := filled["orders"].([]any); filled["status"] != "FILLED" || len(parts) != 2 ||
		filled["updated_at"] == made["updated_at"] {
		t.Errorf("after two minutes, the order is %v, want it FILLED, in two parts and updated", filled)
	}
	for amount, want := range map[string]string{"200": "CANCELLED", "50": "FILLED"} {
		order := w.order(account, "SELL", amount)
		w.advance(2 * time.Minute)
		if status := w.status(order); status != want {
			t.Errorf("a SELL of %s is %s, want %s", amount, status, want)
		}
	}
	if n := w.p.effects(t, "create_portfolios_order"); n != 3 {
		t.Errorf("the journal has %d effects of placing an order, want 3", n)
	}
}

// TestFieldNamesAreCaseSensitive requires that the sandbox ignores a body field that
// openapi.yaml does not name, even if the field's name differs from a documented name
// only in case. The sandbox must act only on fields that it has checked.
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
		t.Errorf("the placed order is %v, want the values of the documented fields", made)
	}
	named := w.call("POST", "/portfolios/allocations", `{"Name":"no","name":"yes","NAME":"no","allocation":[`+
		`{"Weight":"0.5","instrument_id":"`+apple+`","instrument_id_type":"ISIN","weight":"1"}]}`)
	weight := named["allocation"].([]any)[0].(map[string]any)["weight"]
	if named["name"] != "yes" || weight != "1" {
		t.Errorf("the allocation is %v, want the values of the documented fields", named)
	}
	execution := w.call("POST", "/portfolios/rebalancings/executions",
		`{"accounts":["`+account+`"],"Accounts":["`+other+`"],"Allocations":[]}`)
	read := w.call("GET", "/portfolios/rebalancings/executions/"+execution["id"].(string), "")
	if accounts := read["accounts"].([]any); len(accounts) != 1 || accounts[0] != account {
		t.Errorf("the rebalancing is %v, want only the account %s", read, account)
	}
}

// TestChangesAndRebalancing requires that PUT and PATCH change resources, and that a
// rebalancing and a liquidation place the documented orders.
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
		t.Errorf("PUT returned %v, want the name and created_at of %v and a new updated_at", after, before)
	}
	kept := w.call("GET", "/portfolios/configurations/"+accounts[0], "")
	patched := w.call("PATCH", "/portfolios/configurations/"+accounts[0], `{"allocation_id":"`+other+`"}`)
	if patched["allocation_id"] != other || patched["created_at"] != kept["created_at"] ||
		patched["updated_at"] == kept["updated_at"] {
		t.Errorf("PATCH returned %v, want created_at of %v, the new allocation and a new updated_at",
			patched, kept)
	}
	w.call("PATCH", "/portfolios/configurations/"+accounts[0], `{"allocation_id":"`+allocation+`"}`)

	execution := w.call("POST", "/portfolios/rebalancings/executions",
		`{"allocations":["`+allocation+`"]}`)["id"].(string)
	if read := w.call("GET", "/portfolios/rebalancings/executions/"+execution, ""); read["id"] != execution ||
		read["created_at"] == nil {
		t.Errorf("reading the execution returned %v, want its id and its created_at", read)
	}
	for _, account := range accounts {
		page := w.call("GET", "/portfolios/orders?account_id="+account, "")["data"].([]any)
		types := map[any]int{}
		for _, order := range page {
			types[order.(map[string]any)["type"]]++
		}
		if types["REBALANCING"] != 1 || types["BUY"] != 1 {
			t.Errorf("account %s has the order types %v, want one BUY and one REBALANCING", account, types)
		}
	}
	w.advance(2 * time.Minute)
	sold := w.call("POST", "/portfolios/"+accounts[0]+"/liquidation_request", `{"user_id":"`+user+`"}`)
	w.advance(2 * time.Minute)
	if done := w.call("GET", "/portfolios/orders/"+sold["id"].(string), ""); done["type"] != "LIQUIDATION" ||
		done["status"] != "FILLED" {
		t.Errorf("reading the liquidation returned %v, want a FILLED LIQUIDATION", done)
	}
}

func TestListsAreSortedPagedAndFiltered(t *testing.T) {
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
		t.Errorf("sorted by id, the list is %v with the meta %v, want %v, 3 rows and the limit 100",
			got, meta, sorted)
	}
	if got, meta := list("limit=1&offset=1"); !slices.Equal(got, sorted[1:2]) || meta["count"] != 1.0 ||
		meta["total_count"] != 3.0 {
		t.Errorf("the second page of one row is %v with the meta %v, want %v and 3 rows in total",
			got, meta, sorted[1:2])
	}
	if got, _ := list("instrument_ids=" + world1 + "," + apple); !slices.Equal(got, ids[2:]) {
		t.Errorf("the allocations with both instruments are %v, want %v", got, ids[2:])
	}
	second := w.call("GET", "/portfolios/allocations/"+ids[1], "")["created_at"].(string)
	if got, _ := list("start_date=" + second); len(got) != 2 || slices.Contains(got, ids[0]) {
		t.Errorf("from the second created_at on, the list is %v, want the last two of %v", got, ids)
	}
}

// TestPricesAndReset requires that the control endpoint sets all given prices or none,
// and that a reset removes all resources.
func TestPricesAndReset(t *testing.T) {
	w := newWorld(t)
	account := w.follow(w.allocate(world1, "1"))
	w.order(account, "BUY", "100")
	w.advance(2 * time.Minute)
	if status := w.p.control(t, "POST", "prices", map[string]string{world1: "1.2"}, nil); status != 204 {
		t.Errorf("setting a price returned the status %d, want 204", status)
	}
	// A server that sets a price before it has checked all prices passes only if it
	// checks the invalid price first in every round.
	for range 20 {
		invalid := map[string]string{world1: "7", apple: "0"}
		if status := w.p.control(t, "POST", "prices", invalid, nil); status != 400 {
			t.Errorf("setting a valid and an invalid price together got %d, want 400", status)
		}
	}
	sold := w.call("POST", "/portfolios/"+account+"/liquidation_request", `{"user_id":"`+user+`"}`)
	if sold["cash_amount"] != "120" {
		t.Errorf("at the price 1.2, the account is worth %v, want 120", sold["cash_amount"])
	}
	if status := w.p.control(t, "POST", "reset", nil, nil); status != 204 {
		t.Errorf("the reset returned the status %d, want 204", status)
	}
	if page := w.call("GET", "/portfolios/allocations", ""); len(page["data"].([]any)) != 0 ||
		w.p.effects(t, creates) != 0 {
		t.Errorf("after the reset, the page is %v, want no allocations and no effects", page)
	}
}

func TestOnlyListedAccountsExist(t *testing.T) {
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
			rule: "only the user who owns the account may place orders", source: choice,
			keeps: signed(sends("POST", "/portfolios/orders", orderBody(account, "BUY", "1")), asIs),
			breaks: signed(sends("POST", "/portfolios/orders",
				strings.Replace(orderBody(account, "BUY", "1"), user, uuid.NewString(), 1)), asIs),
			status: 404, detail: "user_id",
		},
	})
}

func TestSeedRepeatsIDs(t *testing.T) {
	first := newWorld(t, "-seed", "7").allocate(world1, "1")
	again := newWorld(t, "-seed", "7")
	// A read in between must not change the ids of resources that are created later.
	again.call("GET", "/portfolios/allocations", "")
	second := again.allocate(world1, "1")
	other := newWorld(t, "-seed", "8").allocate(world1, "1")
	if first != second || first == other {
		t.Errorf("the seeds 7, 7 and 8 gave the ids %s, %s and %s, want only the first two to be equal",
			first, second, other)
	}
}
