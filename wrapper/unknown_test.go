package wrapper_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// addToObjects adds a field with the given name to every object in a JSON text. The value
// of the field is 1 in the first object, 2 in the second, and so on.
func addToObjects(text, name string) string {
	var added strings.Builder
	objects := 0
	for _, char := range text {
		added.WriteRune(char)
		if char == '{' {
			objects++
			fmt.Fprintf(&added, "%q: %d, ", name, objects)
		}
	}
	return added.String()
}

// unknownOf returns every [api.Unknown] in a value. The keys of the map are the paths of
// the objects that contain them.
func unknownOf(path string, value reflect.Value) map[string]api.Unknown {
	found := map[string]api.Unknown{}
	switch value.Kind() {
	case reflect.Pointer:
		return unknownOf(path, value.Elem())
	case reflect.Slice:
		for i := range value.Len() {
			maps.Copy(found, unknownOf(fmt.Sprintf("%s/%d", path, i), value.Index(i)))
		}
	case reflect.Struct:
		for field, content := range value.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case field.Type == reflect.TypeFor[api.Unknown]():
				found[path] = api.Unknown(content.String())
			case field.IsExported():
				maps.Copy(found, unknownOf(path+"/"+name, content))
			}
		}
	default: // contains no objects
	}
	return found
}

// objectsOf lists, for the documented response of each operation, the paths of all
// objects that can keep unknown fields.
var objectsOf = map[string][]string{
	"list_portfolios_allocations":       {"", "/data/0", "/meta"},
	"create_portfolios_allocation":      {""},
	"retrieve_portfolios_allocation":    {""},
	"update_portfolios_allocation":      {""},
	"list_portfolios_configurations":    {"", "/data/0", "/meta"},
	"create_portfolios_configuration":   {""},
	"retrieve_portfolios_configuration": {""},
	"update_portfolios_configuration":   {""},
	"list_portfolios_orders": {
		"",
		"/data/0",
		"/data/0/orders/0",
		"/data/0/orders/1",
		"/data/0/orders/2",
		"/meta",
	},
	"create_portfolios_order":                   {"", "/orders/0", "/orders/1", "/orders/2"},
	"retrieve_portfolios_order":                 {"", "/orders/0", "/orders/1", "/orders/2"},
	"create_portfolios_liquidation_request":     {""},
	"trigger_portfolio_rebalancing":             {""},
	"retrieve_portfolios_rebalancing_execution": {""},
}

// TestUnknownFieldsOfEveryResponse requires that the objects in objectsOf keep the fields
// that are missing in their Go types, and that encoding/json does not write these fields.
func TestUnknownFieldsOfEveryResponse(t *testing.T) {
	for _, operation := range everyOperation() {
		if operation.success == "" {
			continue
		}
		t.Run(operation.id, func(t *testing.T) {
			plain := requireCall(t, operation, operation.success)
			value := requireCall(t, operation, addToObjects(operation.success, "new"))
			unknown := unknownOf("", reflect.ValueOf(value))
			if paths := slices.Sorted(maps.Keys(unknown)); !slices.Equal(paths, objectsOf[operation.id]) {
				t.Errorf("the paths of objects that can keep unknown fields are %q, want %q",
					paths, objectsOf[operation.id])
			}
			for path, fields := range unknown {
				if fields.Raw("new") == nil {
					t.Errorf("the object at %q has the unknown fields %q, want a field \"new\"", path, fields)
				}
			}
			for path, fields := range unknownOf("", reflect.ValueOf(plain)) {
				if fields != "" {
					t.Errorf("the object at %q has the unknown fields %q, want none", path, fields)
				}
			}
			requireSameText(t, value, plain)
		})
	}
}

func requireCall(t *testing.T, operation operationCase, body string) any {
	t.Helper()
	client := respondingClient(t, http.StatusOK, "application/json", body, "Upvest-Request-Id", "request")
	value, err := operation.call(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// requireSameText checks that encoding/json writes the same text for two values.
func requireSameText(t *testing.T, got, want any) {
	t.Helper()
	gotText, gotErr := json.Marshal(got)
	wantText, wantErr := json.Marshal(want)
	if gotErr != nil || wantErr != nil || string(gotText) != string(wantText) {
		t.Errorf("encoding/json writes %s (error: %v), want %s (error: %v)",
			gotText, gotErr, wantText, wantErr)
	}
}

// The rows that Orders.All returns keep unknown fields, whose values can have any JSON
// type.
func TestUnknownFieldsInAList(t *testing.T) {
	body := pageOf(strings.Replace(orderBody, "{",
		`{"initiation_flow": "UPVEST", "client_reference": {"text": "a\"}]", "n": [1.50, null]}, `, 1))
	rows := 0
	for order, err := range newTestClient(t, success(body)).Orders.All(t.Context(), ordersParams(0, 10)) {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		var newer struct {
			InitiationFlow string `json:"initiation_flow"`
		}
		if err := order.Unknown.Decode(&newer); err != nil || newer.InitiationFlow != "UPVEST" {
			t.Errorf("got the initiation flow %q and the error %v, want \"UPVEST\" and no error",
				newer.InitiationFlow, err)
		}
		const reference = `{"text": "a\"}]", "n": [1.50, null]}`
		if raw := order.Unknown.Raw("client_reference"); string(raw) != reference {
			t.Errorf("the client reference is %s, want %s as received", raw, reference)
		}
		if names := order.Unknown.Names(); !slices.Equal(
			names,
			[]string{"initiation_flow", "client_reference"},
		) {
			t.Errorf("the unknown fields are %q, want initiation_flow and client_reference", names)
		}
	}
	if rows != 1 {
		t.Errorf("got %d rows, want 1", rows)
	}
}

// The Go type of a weight has no Unknown field, because that field is only for responses,
// and requests contain weights too. The allocation keeps the unknown fields of its
// weights instead.
func TestUnknownFieldsOfWeights(t *testing.T) {
	body := strings.Replace(allocationBody, `"weight": "0.3"`, `"weight": "0.3", "drift": "0.01"`, 1)
	client := newTestClient(t, success(body))
	allocation, err := client.Allocations.Retrieve(t.Context(), someAllocation)
	if err != nil {
		t.Fatal(err)
	}
	if len(allocation.Allocation) != 2 || allocation.Allocation[1].Weight != "0.3" {
		t.Errorf("the weights are %+v, want two weights, the second of them 0.3", allocation.Allocation)
	}
	var newer struct {
		Allocation []struct {
			Drift api.Decimal `json:"drift"`
		} `json:"allocation"`
	}
	if err := allocation.Unknown.Decode(&newer); err != nil || newer.Allocation[1].Drift != "0.01" {
		t.Errorf("got the unknown fields %+v and the error %v, want the drift 0.01 and no error", newer, err)
	}
}

// The client does not send the unknown fields of a response, even if the caller uses a
// part of the response in a request, or sends the whole response value as the body.
func TestUnknownFieldsAreNotSentBack(t *testing.T) {
	server := scripted(success(addToObjects(allocationBody, "new_field"), "Upvest-Request-Id", "request"))
	client := newTestClient(t, server.serve)
	allocation, err := client.Allocations.Retrieve(t.Context(), someAllocation)
	if err != nil {
		t.Fatal(err)
	}
	if allocation.Unknown == "" {
		t.Fatal("the allocation keeps no unknown fields of the response, want some")
	}
	request := portfolios.AllocationRequest{Name: allocation.Name, Allocation: allocation.Allocation}
	if _, err := client.Allocations.Update(t.Context(), someAllocation, request); err != nil {
		t.Fatal(err)
	}
	whole := upvest.Request{Method: http.MethodPut, Path: "/portfolios/allocations/x", Body: allocation}
	if err := client.Do(t.Context(), whole, new(portfolios.Allocation)); err != nil {
		t.Fatal(err)
	}
	if len(server.bodies) != 2 {
		t.Fatalf("got %d requests with a body, want 2", len(server.bodies))
	}
	for _, body := range server.bodies {
		if strings.Contains(body, "new_field") || strings.Contains(strings.ToLower(body), "unknown") {
			t.Errorf("got the request body %s, want a body without unknown fields", body)
		}
	}
}
