package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// described is a sandbox with the OpenAPI document of its control endpoint.
type described struct {
	s   *sandbox.Sandbox
	doc *openapi3.T
	// seen contains the responses that the test received, as "METHOD /path status".
	seen map[string]bool
}

func newDescribed(t *testing.T, s *sandbox.Sandbox) *described {
	t.Helper()
	w := serve(s, httptest.NewRequest(http.MethodGet, "http://localhost/_sandbox/openapi.yaml", http.NoBody))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatalf("loading the OpenAPI document from the response %d %s failed: %v", w.Code, w.Body, err)
	}
	return &described{s: s, doc: doc, seen: map[string]bool{}}
}

// call sends a request and compares the response with the document. If the endpoint
// accepts the request, call compares the request with the document too.
func (d *described) call(t *testing.T, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost/_sandbox"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	path, _, _ := strings.Cut(target, "?")
	item := d.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		t.Fatalf("the document does not describe %s %s", method, path)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r.Clone(t.Context()), QueryParams: r.URL.Query(),
		Route: &routers.Route{
			Spec: d.doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method),
		},
	}
	input.Request.Body = io.NopCloser(strings.NewReader(body))
	w := serve(d.s, r)
	if w.Code < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("the endpoint accepted %s %s %s, which differs from the document: %v",
				method, target, body, err)
		}
	}
	err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(),
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true,
			ExcludeResponseBody:   !strings.Contains(w.Header().Get("Content-Type"), "json"),
		},
	})
	if err != nil {
		t.Errorf("%s %s: the response %d %s differs from the document: %v",
			method, target, w.Code, w.Body, err)
	}
	d.seen[fmt.Sprint(method, " ", path, " ", w.Code)] = true
	return w
}

// TestControlIsAsDescribed requires that the responses of the control endpoint match the
// OpenAPI document, and that the test receives a response for each status in the
// document.
func TestControlIsAsDescribed(t *testing.T) {
	s := newSandbox(t, sandbox.WithControl(), invested())
	d := newDescribed(t, s)
	if w := d.call(t, "GET", "/", ""); !strings.Contains(w.Body.String(), "/_sandbox/portfolio") {
		t.Errorf("the page is %s, want it to contain /_sandbox/portfolio", w.Body)
	}
	fault := `{"operation":"token","client_id":"` + s.Client().ID.String() + `","account_id":"` +
		savings.String() + `","nth":2,"count":3,"after":true,"delay":"1s","status":503,` +
		`"header":{"Retry-After":"2"},"body":"no","content_type":"text/plain","pad":1,` +
		`"cut_body":true,"body_delay":"1s","date_skew":"-1h"}`
	for _, call := range [][3]string{
		{"GET", "/openapi.yaml"},
		{"POST", "/faults", fault},
		{"POST", "/faults", `{"reset":true}`},
		{"GET", "/faults"},
		{"GET", "/faults?met=0"},
		{"POST", "/faults", `{}`},
		{"DELETE", "/faults?operation=token"},
		{"DELETE", "/faults"},
		{"PUT", "/latency", `{"data":[{"operation":"token","delay":"1ms","spread":"1ms"}]}`},
		{"GET", "/latency"},
		{"GET", "/latency?x"},
		{"PUT", "/latency", `{"data":[{"delay":"-1s"}]}`},
		{"PUT", "/latency", `{"data":[]}`},
		{"GET", "/portfolio?account=" + savings.String()},
		{"GET", "/portfolio?account=" + savings.String() + "&client=" + s.Client().ID.String()},
		{"GET", "/portfolio?account=" + owner.String()},
		{"GET", "/portfolio?account=" + savings.String() + "&client=" + uuid.NewString()},
		{"GET", "/portfolio"},
		{"POST", "/clock", `{"advance":"24h","set":"2026-01-02T03:04:05Z"}`},
		{"POST", "/clock", `{"advance":"soon"}`},
		{"POST", "/prices", `{"IE00B0M62Q58":"1.2"}`},
		{"POST", "/prices", `{"IE00B0M62Q58":"0"}`},
		{"DELETE", "/tokens"},
		{"DELETE", "/tokens?client=1"},
	} {
		d.call(t, call[0], call[1], call[2])
	}
	d.worlds(t)
	order := `{"account_id":"` + savings.String() +
		`","side":"BUY","cash_amount":"25","initiation_flow":"SAVINGS_PLAN"}`
	id := strings.Trim(d.call(t, "POST", "/orders", order).Body.String(), "{}\n")
	cancel := strings.Replace(`{`+id+`,"reason":"CANCELLED_BY_UPVEST"}`, `"id"`, `"order_id"`, 1)
	d.call(t, "POST", "/orders", `{}`)
	d.call(t, "POST", "/cancellations", cancel)
	d.call(t, "POST", "/cancellations", cancel)
	d.call(t, "PUT", "/state", d.call(t, "GET", "/state", "").Body.String())
	d.call(t, "GET", "/state?x", "")
	d.call(t, "PUT", "/state", `{"format":0}`)
	serve(s, tokenRequest(s))
	w := d.call(t, "GET", "/requests?operation=token", "")
	if !strings.Contains(w.Body.String(), `"number":1`) {
		t.Errorf("the requests are %s, want a token request with the number 1", w.Body)
	}
	d.call(t, "GET", "/requests?account="+uuid.Nil.String(), "")
	d.call(t, "GET", "/effects?limit=1&after=0&account="+savings.String(), "")
	d.call(t, "GET", "/effects?operation=none", "")
	d.call(t, "POST", "/reset", "")
	d.call(t, "POST", "/reset?x=1", "")
	for path, item := range d.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if name := method + " " + path + " " + status; !d.seen[name] {
					t.Errorf("the document describes %s, but the test received no such response", name)
				}
			}
		}
	}
}

// worlds calls the control endpoint's operations for worlds, so that each documented
// response of these operations occurs, except the 204 to a DELETE.
func (d *described) worlds(t *testing.T) {
	t.Helper()
	const most = 1000
	content, _ := manyAccounts()
	d.call(t, "POST", "/worlds", `{"state":`+content+`}`)
	d.call(t, "POST", "/worlds", `{"state":{"colour":"red"}}`)
	for range most - 1 {
		if w := d.call(t, "POST", "/worlds", ""); w.Code != http.StatusOK {
			t.Fatalf("creating a world returned %d %s, want 200", w.Code, w.Body)
		}
	}
	d.call(t, "POST", "/worlds", "")
	d.call(t, "POST", "/worlds?x", "")
	d.call(t, "GET", "/worlds", "")
	d.call(t, "GET", "/worlds?x", "")
	drop := "http://localhost/_sandbox/worlds/"
	for target, status := range map[string]int{
		uuid.NewString(): 404, "me": 404, uuid.NewString() + "?x": 400,
	} {
		w := serve(d.s, httptest.NewRequest(http.MethodDelete, drop+target, http.NoBody))
		if w.Code != status {
			t.Errorf("dropping the world %q returned %d %s, want %d", target, w.Code, w.Body, status)
		}
	}
	// The loop above checks the statuses 400 and 404, and TestWorldsAreIndependent checks
	// 204.
	for _, status := range []string{"204", "400", "404"} {
		d.seen["DELETE /worlds/{client} "+status] = true
	}
}

// TestStateIsDescribed requires that the document's schema of a state has exactly the
// fields of a state file, except client_id.
func TestStateIsDescribed(t *testing.T) {
	d := newDescribed(t, newSandbox(t, sandbox.WithControl()))
	state := d.doc.Components.Schemas["State"].Value.Properties
	for _, test := range []struct {
		of        reflect.Type
		described openapi3.Schemas
		without   string
	}{
		{of: reflect.TypeFor[sandbox.State](), described: state, without: "client_id"},
		{
			of:        reflect.TypeFor[sandbox.Allocation](),
			described: state["allocations"].Value.Items.Value.Properties,
		},
		{of: reflect.TypeFor[sandbox.Account](), described: state["accounts"].Value.Items.Value.Properties},
	} {
		var read []string
		for field := range test.of.Fields() {
			if name := field.Tag.Get("json"); name != test.without {
				read = append(read, name)
			}
		}
		slices.Sort(read)
		if described := slices.Sorted(maps.Keys(test.described)); !slices.Equal(read, described) {
			t.Errorf("%s: the document describes the fields %q, but the sandbox reads %q",
				test.of, described, read)
		}
	}
}

// TestPortfolio requires that a portfolio shows the holdings of an account at current
// prices.
func TestPortfolio(t *testing.T) {
	s := newSandbox(t, invested())
	if err := s.SetPrice(world, "1.5"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Portfolio(savings)
	want := []sandbox.Holding{
		{InstrumentID: world, Quantity: "60", Selling: "0", Price: "1.5", Value: "90"},
		{InstrumentID: apple, Quantity: "40", Selling: "0", Price: "1", Value: "40"},
	}
	if err != nil || got.Value != "130" || got.Cash != "0" || len(got.Holdings) != len(want) ||
		got.Holdings[0] != want[0] || got.Holdings[1] != want[1] {
		t.Errorf("the portfolio is %+v with the error %v, want 130 EUR, no cash and the holdings %+v",
			got, err, want)
	}
	if _, err := s.Portfolio(owner); err == nil || !strings.Contains(err.Error(), "has never used it") {
		t.Errorf("for an unused account, Portfolio returned the error %v, want \"has never used it\"",
			err)
	}
}
