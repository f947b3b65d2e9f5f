package wrapper_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const identifiedAnswer = "bd2c6a06-5c1c-4a0e-9f3b-6b1f4e7c4d10"

// liquidation is a part of the answer of an operation that this client does not know.
type liquidation struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func TestRequestsBeyondTheContract(t *testing.T) {
	account := "/accounts/" + someAccount.String() + "/liquidations"
	for name, call := range map[string]func(context.Context, *upvest.Client) error{
		"do.post": func(ctx context.Context, client *upvest.Client) error {
			return client.Do(ctx, upvest.Request{
				Method: http.MethodPost, Path: account, Body: map[string]string{"user_id": someUser.String()},
			}, nil)
		},
		"do.raw": func(ctx context.Context, client *upvest.Client) error {
			body := json.RawMessage(`{"amount": "10.00",  "unit":"EUR"}`)
			return client.Do(ctx, upvest.Request{Method: http.MethodPut, Path: "/a%2Fb/c%20d", Body: body}, nil)
		},
		"do.get": func(ctx context.Context, client *upvest.Client) error {
			query := url.Values{"status": {"NEW", "PROCESSING"}, "since": {"2026-01-01T00:00:00Z"}}
			return client.Do(ctx, upvest.Request{Method: http.MethodGet, Path: account, Query: query}, new(json.RawMessage))
		},
		"do.delete": func(ctx context.Context, client *upvest.Client) error {
			return client.Do(ctx, upvest.Request{Method: http.MethodDelete, Path: account, Repeatable: true}, nil, upvest.WithHeader("Accept-Language", "de"))
		},
		"with_query": func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Orders.Retrieve(ctx, someOrder, upvest.WithQuery("expand", "orders & more"))
			return err
		},
		"with_query.list": func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{}, upvest.WithQuery("account_id", someAccount.String()))
			return err
		},
		"with_body_field": func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Orders.Create(ctx, someOrderRequest(),
				upvest.WithBodyField("client_reference", "plan 7 of März"), upvest.WithBodyField("flags", []string{"<a>"}))
			return err
		},
		"with_header": func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Orders.Create(ctx, someOrderRequest(),
				upvest.WithHeader("date", "Mon, 02 Mar 2026 08:30:00 GMT"), upvest.WithHeader("X-Trace", "7"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []wire
			client := exactClient(t, func(w wire) { sent = append(sent, w) }, func(req *http.Request) *http.Response {
				body := orderBody
				if strings.HasPrefix(name, "with_query.list") {
					body = listOf(orderBody)
				}
				return answer(http.StatusOK, "application/json", body, "Upvest-Request-Id", identifiedAnswer)
			})
			if err := call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			requireGolden(t, "requests-beyond/"+name, sent[1])
		})
	}
}

func TestDo(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		out   any
		want  string // of the error, if there is one
		check func(out any) bool
	}{
		"a struct": {
			body: `{"id": "x", "status": "NEW", "Status": "no", "more": 1}`, out: new(liquidation),
			check: func(out any) bool { return *out.(*liquidation) == liquidation{ID: "x", Status: "NEW"} },
		},
		"raw JSON": {
			body: ` {"b": 1,  "a": 1.50}`, out: new(json.RawMessage),
			check: func(out any) bool {
				return strings.TrimSpace(string(*out.(*json.RawMessage))) == `{"b": 1,  "a": 1.50}`
			},
		},
		"a map": {
			body: `{"a": "1.50"}`, out: &map[string]string{},
			check: func(out any) bool { return (*out.(*map[string]string))["a"] == "1.50" },
		},
		"nothing asked for":    {body: `{"a": 1}`},
		"nothing there":        {},
		"nothing for a struct": {out: new(liquidation), want: "the body is empty"},
		"no JSON":              {body: "<html>", want: "the body is not JSON"},
		"cut off":              {body: `{"id": "x", "sta`, out: new(liquidation), want: "breaks off"},
		"another form":         {body: `{"id": ["secret"]}`, out: new(liquidation), want: "the value at /id"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newTestClient(t, func(*http.Request) (*http.Response, error) {
				return answer(http.StatusAccepted, "application/json", test.body, "Upvest-Request-Id", identifiedAnswer), nil
			}, upvest.WithoutRetry())
			err := client.Do(t.Context(), upvest.Request{Method: http.MethodPost, Path: "/x", Operation: "create_x"}, test.out)
			if test.want == "" {
				if err != nil || test.check != nil && !test.check(test.out) {
					t.Errorf("%v, %v", test.out, err)
				}
				return
			}
			failure := requireFailure(t, err, test.want)
			if failure.Outcome != upvest.OutcomeAccepted || failure.Operation != "create_x" || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v: outcome %q", failure, failure.Outcome)
			}
		})
	}
}

func requireFailure(t *testing.T, err error, want string) *upvest.Error {
	t.Helper()
	var failure *upvest.Error
	if !errors.As(err, &failure) || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want an Error with %q", err, want)
	}
	return failure
}

// A proxy's page in JSON is not taken for the API.
func TestDoBelievesTheAPIAlone(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", `{"maintenance": true}`), nil
	})
	err := client.Do(t.Context(), upvest.Request{Method: http.MethodPost, Path: "/x"}, new(liquidation))
	if failure := requireFailure(t, err, "no upvest-request-id"); failure.Outcome != upvest.OutcomeUnknown || len(failure.Attempts) != 1 {
		t.Errorf("outcome %q after %d attempts", failure.Outcome, len(failure.Attempts))
	}
}

// What may be repeated after an unknown outcome is repeated; what acted at most once is
// not.
func TestDoRepeats(t *testing.T) {
	lost := func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	busy := func() (*http.Response, error) { return answer(http.StatusTooManyRequests, "", ""), nil }
	for _, test := range []struct {
		method     string
		repeatable bool
		respond    func() (*http.Response, error)
		attempts   int
	}{
		{method: http.MethodGet, respond: lost, attempts: 4},
		{method: http.MethodPost, respond: lost, attempts: 4},
		{method: http.MethodPatch, respond: lost, attempts: 4},
		{method: http.MethodPut, respond: lost, attempts: 1},
		{method: http.MethodPut, repeatable: true, respond: lost, attempts: 4},
		{method: http.MethodDelete, respond: lost, attempts: 1},
		{method: http.MethodDelete, repeatable: true, respond: lost, attempts: 4},
		{method: http.MethodDelete, respond: busy, attempts: 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			keys := map[string]bool{}
			client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
				keys[req.Header.Get("Idempotency-Key")] = true
				return test.respond()
			})
			err := client.Do(t.Context(), upvest.Request{Method: test.method, Path: "/x", Repeatable: test.repeatable}, nil)
			failure := requireFailure(t, err, test.method+" /x")
			keyed := test.method == http.MethodPost || test.method == http.MethodPatch
			if len(failure.Attempts) != test.attempts || len(keys) != 1 || keys[""] == keyed {
				t.Errorf("%s, repeatable %t: %d attempts with %d keys, want %d with one", test.method, test.repeatable, len(failure.Attempts), len(keys), test.attempts)
			}
		})
	}
}

func TestDoRefuses(t *testing.T) {
	var nowhere *liquidation
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return answer(http.StatusNoContent, "", ""), nil
	})
	for want, test := range map[string]struct {
		request upvest.Request
		out     any
	}{
		"method: use GET, ":          {request: upvest.Request{Method: "get", Path: "/x"}},
		"path: begin it with":        {request: upvest.Request{Method: "GET", Path: "x"}},
		"path: begin it with a":      {request: upvest.Request{Method: "GET"}},
		"what goes behind ? as":      {request: upvest.Request{Method: "GET", Path: "/x?a=b"}},
		"path: begin it with a s":    {request: upvest.Request{Method: "GET", Path: "/x#a"}},
		"has to be escaped":          {request: upvest.Request{Method: "GET", Path: "/a b"}},
		"has to be escaped: use url": {request: upvest.Request{Method: "GET", Path: "/a%zz"}},
		"that is empty or of":        {request: upvest.Request{Method: "GET", Path: "/x//y"}},
		"empty or of dots only":      {request: upvest.Request{Method: "GET", Path: "/x/../y"}},
		"or of dots only":            {request: upvest.Request{Method: "GET", Path: "/x/%2e%2E/y"}},
		"of dots only, which":        {request: upvest.Request{Method: "GET", Path: "/x/a%2F..%2Fb"}},
		"business of TokenSource":    {request: upvest.Request{Method: "POST", Path: "/auth/token"}},
		"body: a GET has none":       {request: upvest.Request{Method: "GET", Path: "/x", Body: 1}},
		"body: it is not JSON":       {request: upvest.Request{Method: "PUT", Path: "/x", Body: []byte("{")}},
		"body: encoding/json cannot": {request: upvest.Request{Method: "PUT", Path: "/x", Body: func() {}}},
		"out: use a pointer": {
			request: upvest.Request{Method: "GET", Path: "/x"},
			out:     liquidation{},
		},
		"out: use a pointer that": {request: upvest.Request{Method: "GET", Path: "/x"}, out: nowhere},
	} {
		failure := requireFailure(t, client.Do(t.Context(), test.request, test.out), want)
		if len(failure.Attempts) != 0 || test.request.Method != "GET" && failure.Outcome != upvest.OutcomeRefused {
			t.Errorf("%v: outcome %q", failure, failure.Outcome)
		}
	}
	//lint:ignore SA1012 a nil context is what is tried
	requireFailure(t, client.Do(nil, upvest.Request{Method: "GET", Path: "/x"}, nil), "the context is nil")
}

func TestAdditionsRefused(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return answer(http.StatusOK, "application/json", orderBody), nil
	})
	create := func(option upvest.CallOption) error {
		_, err := client.Orders.Create(t.Context(), someOrderRequest(), option)
		return err
	}
	for _, name := range []string{
		"Accept", "authorization", "Content-Type", "content-length", "Idempotency-Key", "Signature", "signature-input", "Upvest-Client-Id",
		"upvest-api-version", "Upvest-Signature-Version", "User-Agent", "Host", "connection", "Transfer-Encoding",
	} {
		requireFailure(t, create(upvest.WithHeader(name, "x")), strings.ToLower(name)+" is set by the client itself")
	}
	for want, err := range map[string]error{
		"header: the name is not one": create(upvest.WithHeader("a b", "x")),
		"header: the value of date":   create(upvest.WithHeader("Date", "x\r\ny")),
		"header: the value of a":      create(upvest.WithHeader("A", "")),
		"query: the name is empty":    create(upvest.WithQuery("", "x")),
		"body field: use a name":      create(upvest.WithBodyField("", "x")),
		"body field: use a name, and": create(upvest.WithBodyField("x", func() {})),
		`already`:                     create(upvest.WithBodyField("side", "SELL")),
		"is no object":                client.Do(t.Context(), upvest.Request{Method: "PUT", Path: "/x", Body: []int{1}}, nil, upvest.WithBodyField("a", 1)),
		"has no body":                 client.Do(t.Context(), upvest.Request{Method: "DELETE", Path: "/x"}, nil, upvest.WithBodyField("a", 1)),
	} {
		requireFailure(t, err, want)
	}
	_, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}, upvest.WithQuery("limit", "5"))
	requireFailure(t, err, `the call sets "limit" already`)
}

// What is added to all calls of a client, and to the pages of a list.
func TestAdditionsOfAClient(t *testing.T) {
	server := &listServer{rows: ids(30)}
	client := newTestClient(t, server.serve, upvest.WithHeader("Accept-Language", "de"), upvest.WithQuery("tenant", "7"))
	if _, err := collect(t, client.Orders.All(t.Context(), ordersParams(0, 10), upvest.WithQuery("more", "1"), upvest.WithPagesAhead(2))); err != nil {
		t.Fatal(err)
	}
	for _, req := range server.requests {
		query := req.URL.Query()
		if req.Header.Get("Accept-Language") != "de" || !slices.Equal(query["tenant"], []string{"7"}) || !slices.Equal(query["more"], []string{"1"}) {
			t.Errorf("%s with %q", req.URL, req.Header.Get("Accept-Language"))
		}
		if !strings.Contains(req.Header.Get("Signature-Input"), `"accept-language"`) {
			t.Error("the signature does not cover accept-language")
		}
	}
}

func TestDecodeOfNewerFields(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", strings.Replace(orderBody, "{", `{"client_reference": "plan 7",`, 1)), nil
	})
	var response upvest.Response
	if _, err := client.Orders.Retrieve(t.Context(), someOrder, upvest.WithResponse(&response)); err != nil {
		t.Fatal(err)
	}
	var newer struct {
		ClientReference string `json:"client_reference"`
	}
	if err := response.Decode(&newer); err != nil || newer.ClientReference != "plan 7" {
		t.Errorf("%+v, %v", newer, err)
	}
	if err := response.Decode(new([]int)); err == nil || strings.Contains(err.Error(), "plan 7") {
		t.Errorf("%v, want an error that quotes nothing", err)
	}
}

// Every write whose outcome is unknown is taken up by the same call with Resume.
func TestResume(t *testing.T) {
	for _, operation := range everyOperation() {
		if !operation.isWrite() {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			var keys []string
			client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
				if keys = append(keys, req.Header.Get("Idempotency-Key")); len(keys) == 1 {
					return nil, io.ErrUnexpectedEOF
				}
				return answer(http.StatusOK, "application/json", operation.success), nil
			}, upvest.WithoutRetry())
			_, err := operation.call(t.Context(), client)
			failure := requireFailure(t, err, operation.id)
			if failure.Outcome != upvest.OutcomeUnknown {
				t.Fatalf("outcome %q", failure.Outcome)
			}
			if _, err := operation.call(t.Context(), client, failure.Resume()); err != nil {
				t.Errorf("%s: %v", operation.id, err)
			}
			if len(keys) != 2 || keys[0] != keys[1] {
				t.Errorf("%s: keys %q, want the same twice", operation.id, keys)
			}
		})
	}
	if (&upvest.Error{}).Resume() == nil {
		t.Error("there is no option")
	}
}
