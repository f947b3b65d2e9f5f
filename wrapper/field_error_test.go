package wrapper_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// withValue replaces the value of a field in a documented body. The body must have the
// field on a single line.
func withValue(t *testing.T, body, name, value string) string {
	t.Helper()
	before, after, found := strings.Cut(body, fmt.Sprintf("%q: ", name))
	if !found {
		t.Fatalf("the body %s has no field %q", body, name)
	}
	end := strings.IndexAny(after, ",}\n")
	return fmt.Sprintf("%s%q: %s%s", before, name, value, after[end:])
}

// Strict fields are fields on which callers base decisions. If the client cannot read a
// strict field of any object in a response, the call fails. The error names the field and
// the object and warns that a retry may receive the same response. If the call was a
// write, and the response has a request ID, the outcome is OutcomeAccepted.
func TestUnreadableStrictFieldsFailTheCall(t *testing.T) {
	individual := uuid.MustParse("b291d8a4-21f5-4c52-8590-4f90ce54d0b1")
	for _, test := range []struct {
		operation, field string
		value            string // in JSON, replaces the documented value
		id               uuid.UUID
	}{
		{"create_portfolios_allocation", "/id", `"436244bb"`, uuid.Nil},
		{"create_portfolios_allocation", "/created_at", `"yesterday"`, someAllocation},
		{"create_portfolios_allocation", "/allocation/0/weight", `7e-1`, someAllocation},
		{"update_portfolios_allocation", "/allocation/0/weight", `true`, someAllocation},
		{"update_portfolios_allocation", "/allocation/0/instrument_id", `5`, someAllocation},
		{"create_portfolios_configuration", "/account_id", `5`, uuid.Nil},
		{"create_portfolios_configuration", "/created_at", `1626876600`, someAccount},
		{"create_portfolios_order", "/id", `5`, uuid.Nil},
		{"create_portfolios_order", "/cash_amount", `1e3`, someOrder},
		{"create_portfolios_order", "/cash_amount", `{"amount": "1000"}`, someOrder},
		{"create_portfolios_order", "/currency", `978`, someOrder},
		{"create_portfolios_order", "/created_at", `"2021-07-21"`, someOrder},
		{"create_portfolios_order", "/type", `false`, someOrder},
		{"create_portfolios_order", "/orders/0/id", `"` + individual.String()[:8] + `"`, someOrder},
		{"create_portfolios_order", "/orders/0/side", `["SELL"]`, someOrder},
		{"create_portfolios_order", "/orders/0/status", `1`, someOrder},
		{"retrieve_portfolios_rebalancing_execution", "/id", `1`, uuid.Nil},
		{"retrieve_portfolios_rebalancing_execution", "/created_at", `{}`, someExecution},
	} {
		t.Run(test.operation+test.field, func(t *testing.T) {
			operation := operationNamed(t, test.operation)
			names := strings.Split(test.field, "/")
			body := operation.success
			if before, after, inOrders := strings.Cut(body, `"orders": [`); inOrders && len(names) > 2 {
				body = before + `"orders": [` + withValue(t, after, names[len(names)-1], test.value)
			} else if inOrders && names[1] == "id" {
				body = strings.Replace(body, `"id": "`+someOrder.String()+`"`, `"id": `+test.value, 1)
			} else {
				body = withValue(t, body, names[len(names)-1], test.value)
			}
			client := respondingClient(t, http.StatusOK, "application/json", body, "Upvest-Request-Id", "r")
			_, err := operation.call(t.Context(), client)
			var failed *upvest.FieldError
			if !errors.As(err, &failed) {
				t.Fatalf("got the error %v, want a FieldError", err)
			}
			if failed.Field != test.field || failed.ID != test.id || failed.Offset != -1 {
				t.Errorf("got the error %+v, want the field %s, the ID %s and the offset -1",
					failed, test.field, test.id)
			}
			requireText(
				t,
				err,
				"the value at "+test.field+" cannot be read",
				"repeating the call may return the same response",
			)
			if test.id != uuid.Nil {
				requireText(t, err, test.id.String())
			}
			_ = requireReceived(t, err, operation.id, http.StatusOK, body)
			if operation.isWrite() {
				requireOutcome(t, err, upvest.OutcomeAccepted)
			}
		})
	}
}

// The server has placed the order, so the error must contain the ID of the order,
// regardless of the position of the ID in the body.
func TestErrorOfAStrictFieldContainsTheOrderID(t *testing.T) {
	for _, body := range []string{
		`{"cash_amount": [], "id": "` + someOrder.String() + `"}`,
		`{"id": "` + someOrder.String() + `", "cash_amount": []}`,
		`{"orders": [{"id": "b291d8a4-21f5-4c52-8590-4f90ce54d0b1", "side": 1}, {"side": 2}],` +
			`"new": {"id": 1}, "id": "` + someOrder.String() + `"}`,
	} {
		_, err := newTestClient(t, success(body)).Orders.Create(t.Context(), someOrderRequest())
		var failed *upvest.FieldError
		if !errors.As(err, &failed) || failed.ID != someOrder {
			t.Errorf("for the body %s, got the error %v, want one that contains the ID %s",
				body, err, someOrder)
		}
	}
}

// If a response is about a resource other than the one in the call, the response does not
// confirm the call. This also holds if a field of the response cannot be read.
func TestUnreadableFieldOfADifferentResourceLeavesTheOutcomeUnknown(t *testing.T) {
	body := strings.Replace(withValue(t, allocationBody, "created_at", "5"), "436244bb", "536244bb", 1)
	client := respondingClient(t, http.StatusOK, "application/json", body, "Upvest-Request-Id", "request")
	_, err := operationNamed(t, "update_portfolios_allocation").call(t.Context(), client)
	requireText(t, err, "a different resource")
	requireOutcome(t, err, upvest.OutcomeUnknown)
}

// All yields the rows before an unreadable row, and then an error. The error contains the
// offset of the unreadable row, so that the caller can continue after that row.
func TestErrorOfAStrictFieldInAListContainsTheOffset(t *testing.T) {
	all := ids(25)
	const bad = 17
	serve := func(server *listServer) roundTrip {
		return withBody(server.serve, func(body string) string {
			row := fmt.Sprintf(`{"id": %q`, all[bad])
			return strings.Replace(body, row, row+`, "status": 5`, 1)
		})
	}
	for _, ahead := range []int{0, 3} {
		client := newTestClient(t, serve(&listServer{rows: all}))
		rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(ahead))
		var failed *upvest.FieldError
		if !errors.As(err, &failed) || failed.Offset != bad || failed.ID != all[bad] {
			t.Fatalf("with %d pages prefetched, got the error %v, want the offset %d and the ID of that row",
				ahead, err, bad)
		}
		requireText(t, err, "/status", "continue at 18")
		if !slices.Equal(rows, all[:bad]) {
			t.Errorf("with %d pages prefetched, got %d rows before the error, want %d", ahead, len(rows), bad)
		}
		rest, err := collectOrders(t, client, ordersParams(int32(failed.Offset+1), 10))
		if err != nil || !slices.Equal(rest, all[bad+1:]) {
			t.Errorf(
				"%d pages prefetched: got the error %v and %d rows after the unreadable row, want %d rows",
				ahead,
				err,
				len(rest),
				len(all)-bad-1,
			)
		}
	}
	params := ordersParams(15, 10)
	var response upvest.Response
	client := newTestClient(t, serve(&listServer{rows: all}))
	_, err := client.Orders.List(t.Context(), params, upvest.WithResponse(&response))
	var failed *upvest.FieldError
	if !errors.As(err, &failed) || failed.Offset != bad || failed.Field != "/data/2/status" {
		t.Errorf("List returned the error %v, want the offset %d and the field /data/2/status", err, bad)
	}
	// A Response does not contain the offset of its page.
	err = response.Decode(&portfolios.OrderList{})
	if !errors.As(err, &failed) || failed.Offset != -1 || failed.Field != "/data/2/status" {
		t.Errorf("Decode returned the error %v, want the offset -1 and the field /data/2/status", err)
	}
}

// A row of the wrong JSON type is an unreadable row: All yields the rows before it.
func TestRowThatIsNotAnObject(t *testing.T) {
	const bad = 2
	all := ids(5)
	server := &listServer{rows: all}
	client := newTestClient(t, withBody(server.serve, func(body string) string {
		before, rest, _ := strings.Cut(body, fmt.Sprintf(`{"id": %q`, all[bad]))
		_, after, _ := strings.Cut(rest, "}")
		return before + "5" + after
	}))
	rows, err := collectOrders(t, client, ordersParams(0, 10))
	var failed *upvest.FieldError
	if !errors.As(err, &failed) || failed.Offset != bad || failed.Field != "/data/2" {
		t.Errorf("got the error %v, want the offset %d and the field /data/2", err, bad)
	}
	if !slices.Equal(rows, all[:bad]) {
		t.Errorf("got %d rows before the error, want %d", len(rows), bad)
	}
}

// Lenient fields are fields on which callers base no decision. If the client cannot read
// a lenient field, it leaves the field empty and keeps the value as an unknown field.
func TestUnreadableLenientFieldsStayEmpty(t *testing.T) {
	const other = `"account_id": 5, "allocation_id": "none", "user_id": true, "post_tax": "yes",
		"updated_at": "today", "orders": {"a": 1}`
	body := `{"id": "` + someOrder.String() + `", "status": "NEW", ` + other + `}`
	order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil {
		t.Fatal(err)
	}
	if order.AccountID != uuid.Nil || !order.AllocationID.IsZero() || !order.UserID.IsZero() ||
		order.PostTax || !order.UpdatedAt.IsZero() || order.Orders != nil || order.Status != "NEW" {
		t.Errorf("got the order %+v, want one with only an ID and a status", order)
	}
	for name, want := range map[string]string{
		"account_id": "5", "allocation_id": `"none"`, "user_id": "true", "post_tax": `"yes"`,
		"updated_at": `"today"`, "orders": `{"a": 1}`, "status": "",
	} {
		if raw := order.Unknown.Raw(name); string(raw) != want {
			t.Errorf("the unknown field %q is %s, want %s", name, raw, want)
		}
	}
	// An empty allocation_id is a valid value, not an unknown field.
	body = withValue(t, orderBody, "allocation_id", `""`)
	order, err = newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil || order.Unknown != "" || !order.AllocationID.IsZero() || order.PostTax {
		t.Errorf("got the order %+v and the error %v, want an order without unknown fields", order, err)
	}
	body = withValue(t, orderBody, "account_id", `""`)
	order, err = newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil || order.AccountID != uuid.Nil || order.Unknown != `{"account_id": ""}` {
		t.Errorf("got the order %+v and the error %v, want account_id only as an unknown field", order, err)
	}
}

// The client leaves a lenient field empty if the field occurs twice and its last value
// cannot be read, or if the field is a list with an element that cannot be read.
func TestPartlyReadableLenientFieldsStayEmpty(t *testing.T) {
	body := strings.Replace(orderBody, `"post_tax": false`, `"post_tax": true, "post_tax": "yes"`, 1)
	body = strings.Replace(body, `"status": "NEW"},`, `"status": "NEW"}, 5,`, 1)
	order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil || order.PostTax || order.Orders != nil {
		t.Fatalf("got the order %+v and the error %v, want empty orders and post_tax", order, err)
	}
	if names := order.Unknown.Names(); !slices.Equal(names, []string{"orders", "post_tax"}) {
		t.Errorf("the unknown fields are %q, want orders and post_tax", names)
	}
}

// If the client cannot read the field "meta" of a page, or a field in "meta", the page
// keeps all its rows.
func TestPageWithUnreadableMetaKeepsItsRows(t *testing.T) {
	for name, meta := range map[string]string{
		"count":       `"1"`,
		"limit":       `10.0`,
		"offset":      `{}`,
		"order":       `["ASC"]`,
		"sort":        `["id", "name"]`,
		"total_count": `"1"`,
	} {
		body := fmt.Sprintf(`{"data": [%s], "meta": {%q: %s}}`, orderBody, name, meta)
		client := newTestClient(t, success(body))
		page, err := client.Orders.List(t.Context(), ordersParams(0, 10))
		if err != nil || len(page.Data) != 1 || page.Data[0].ID != someOrder {
			t.Errorf("with an unreadable %q, got the page %+v and the error %v, want a page with the order",
				name, page, err)
			continue
		}
		if raw := page.Meta.Unknown.Raw(name); string(raw) != meta {
			t.Errorf("the unknown field %q is %s, want %s", name, raw, meta)
		}
	}
	body := `{"data": [` + orderBody + `], "meta": "none"}`
	page, err := newTestClient(t, success(body)).Orders.List(t.Context(), ordersParams(0, 10))
	if err != nil || len(page.Data) != 1 || string(page.Unknown.Raw("meta")) != `"none"` {
		t.Errorf("got the page %+v and the error %v, want the order, and meta as an unknown field", page, err)
	}
}

func TestTimesInEveryFormOfRFC3339(t *testing.T) {
	afternoon := time.Date(2021, time.July, 21, 14, 10, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2021-07-21t14:10:00z":           afternoon,
		"2021-07-21T14:10:00Z":           afternoon,
		"2021-07-21 14:10:00z":           afternoon,
		"2021-07-21t16:10:00.500+02:00":  afternoon.Add(time.Second / 2),
		"2021-07-21T14:10:00-00:00":      afternoon,
		"2016-12-31T23:59:60Z":           time.Date(2017, time.January, 1, 0, 0, 0, 0, time.UTC),
		"2016-12-31t23:59:60.25z":        time.Date(2017, time.January, 1, 0, 0, 0, 250e6, time.UTC),
		"2017-01-01T00:59:60+01:00":      time.Date(2017, time.January, 1, 0, 0, 0, 0, time.UTC),
		"2021-07-21T14:10:00.123456789Z": afternoon.Add(123456789),
	} {
		body := withValue(t, orderBody, "created_at", `"`+text+`"`)
		order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
		if err != nil || !order.CreatedAt.Equal(want) || order.Unknown != "" {
			t.Errorf("for the time %q, got the order %+v and the error %v, "+
				"want created_at %s, nothing unknown",
				text, order, err, want)
		}
	}
}

// An amount or weight that the server sends as a JSON number keeps every digit.
func TestAmountsAsNumbersKeepEveryDigit(t *testing.T) {
	for _, number := range []string{"1000.10", "0", "-0.00", "12345678901234567890.123456789012345678"} {
		body := withValue(t, orderBody, "cash_amount", number)
		order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
		if err != nil || order.CashAmount != api.Decimal(number) || order.Unknown != "" {
			t.Errorf("got the order %+v and the error %v, want the cash_amount %s and no unknown fields",
				order, err, number)
		}
		body = withValue(t, allocationBody, "weight", number)
		allocation, err := newTestClient(t, success(body)).Allocations.Retrieve(t.Context(), someAllocation)
		if err != nil || allocation.Allocation[0].Weight != api.Decimal(number) {
			t.Errorf("got the allocation %+v and the error %v, want the weight %s", allocation, err, number)
		}
	}
}
