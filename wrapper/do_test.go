package wrapper_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// liquidation holds a part of the response of an operation for which the client has no
// method.
type liquidation struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// The requests that Do sends, and those that WithQuery, WithBodyField or WithHeader
// changes, must equal the golden files in testdata/requests-beyond.
func TestRequestsBeyondTheContract(t *testing.T) {
	path := "/accounts/" + someAccount.String() + "/liquidations"
	for name, call := range map[string]func(context.Context, *upvest.Client) error{
		"do.post": func(ctx context.Context, client *upvest.Client) error {
			body := map[string]string{"user_id": someUser.String()}
			return client.Do(ctx, upvest.Request{Method: http.MethodPost, Path: path, Body: body}, nil)
		},
		"do.raw": func(ctx context.Context, client *upvest.Client) error {
			body := json.RawMessage(`{"amount": "10.00",  "unit":"EUR"}`)
			request := upvest.Request{Method: http.MethodPut, Path: "/a%2Fb/c%20d", Body: body}
			return client.Do(ctx, request, nil)
		},
		"do.get": func(ctx context.Context, client *upvest.Client) error {
			query := url.Values{"status": {"NEW", "PROCESSING"}, "since": {"2026-01-01T00:00:00Z"}}
			request := upvest.Request{Method: http.MethodGet, Path: path, Query: query}
			return client.Do(ctx, request, new(json.RawMessage))
		},
		"do.delete": func(ctx context.Context, client *upvest.Client) error {
			request := upvest.Request{Method: http.MethodDelete, Path: path, Repeatable: true}
			return client.Do(ctx, request, nil, upvest.WithHeader("Accept-Language", "de"))
		},
		"with_query": func(ctx context.Context, client *upvest.Client) error {
			return retrieve(ctx, client, upvest.WithQuery("expand", "orders & more"))
		},
		"with_query.list": func(ctx context.Context, client *upvest.Client) error {
			_, err := client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{},
				upvest.WithQuery("account_id", someAccount.String()))
			return err
		},
		"with_body_field": func(ctx context.Context, client *upvest.Client) error {
			return createOrder(ctx, client,
				upvest.WithBodyField("client_reference", "plan 7 of März"),
				upvest.WithBodyField("flags", []string{"<a>"}))
		},
		"with_header": func(ctx context.Context, client *upvest.Client) error {
			return createOrder(ctx, client,
				upvest.WithHeader("date", "Mon, 02 Mar 2026 08:30:00 GMT"),
				upvest.WithHeader("X-Trace", "7"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := orderBody
			if name == "with_query.list" {
				body = pageOf(orderBody)
			}
			var sent wireLog
			respond := success(body, "Upvest-Request-Id", someRequestID)
			if err := call(t.Context(), exactClient(t, sent.over(grantingTokens(respond)))); err != nil {
				t.Fatal(err)
			}
			requireGolden(t, "requests-beyond/"+name, sent[1])
		})
	}
}

func TestDoDecodesTheBody(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		out   any
		check func(out any) bool
	}{
		"a struct: field names are case-sensitive": {
			body: `{"id": "x", "status": "NEW", "Status": "no", "more": 1}`,
			out:  new(liquidation),
			check: func(out any) bool {
				return *out.(*liquidation) == liquidation{ID: "x", Status: "NEW"}
			},
		},
		"raw JSON": {
			body: ` {"b": 1,  "a": 1.50}`,
			out:  new(json.RawMessage),
			check: func(out any) bool {
				return strings.TrimSpace(string(*out.(*json.RawMessage))) == `{"b": 1,  "a": 1.50}`
			},
		},
		"a map": {
			body:  `{"a": "1.50"}`,
			out:   &map[string]string{},
			check: func(out any) bool { return (*out.(*map[string]string))["a"] == "1.50" },
		},
		"a body without an out value":     {body: `{"a": 1}`},
		"neither a body nor an out value": {},
	} {
		t.Run(name, func(t *testing.T) {
			if err := doCreate(t, test.body, test.out); err != nil {
				t.Fatal(err)
			}
			if test.check != nil && !test.check(test.out) {
				t.Errorf("the body %s was decoded to %+v, want the fields of the body", test.body, test.out)
			}
		})
	}
}

// doCreate makes a POST whose response is a 202 with the given body, to be decoded into
// out.
func doCreate(t *testing.T, body string, out any) error {
	t.Helper()
	client := respondingClient(t, http.StatusAccepted, "application/json", body,
		"Upvest-Request-Id", someRequestID)
	request := upvest.Request{Method: http.MethodPost, Path: "/x", Operation: "create_x"}
	return client.Do(t.Context(), request, out)
}

func TestDoReportsABodyThatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		out  any
		want string
	}{
		"an empty body":    {out: new(liquidation), want: "the body is empty"},
		"HTML":             {body: "<html>", want: "the body is not JSON"},
		"cut off":          {body: `{"id": "x", "sta`, out: new(liquidation), want: "breaks off"},
		"a list as the ID": {body: `{"id": ["secret"]}`, out: new(liquidation), want: "the value at /id"},
	} {
		t.Run(name, func(t *testing.T) {
			err := doCreate(t, test.body, test.out)
			requireText(t, err, test.want)
			requireOutcome(t, err, upvest.OutcomeAccepted)
			failure := asError(t, err)
			if failure.Operation != "create_x" || strings.Contains(err.Error(), "secret") {
				t.Errorf("got the error %q with the operation %q, want create_x and no part of the body",
					err, failure.Operation)
			}
		})
	}
}

// Do has no list of expected fields, so it cannot tell from a JSON body whether the body
// comes from the API. A response without a request ID may come from a proxy, so Do
// refuses the body of such a response.
func TestDoRequiresARequestIDForABody(t *testing.T) {
	client := newTestClient(t, success(`{"maintenance": true}`))
	err := client.Do(t.Context(), upvest.Request{Method: http.MethodPost, Path: "/x"}, new(liquidation))
	requireText(t, err, "no upvest-request-id")
	requireOutcome(t, err, upvest.OutcomeUnknown)
	if failure := asError(t, err); len(failure.Attempts) != 1 {
		t.Errorf("got %d attempts, want one", len(failure.Attempts))
	}
}

// After a network failure, Do retries a GET, POST or PATCH, and a PUT or DELETE only if
// it is Repeatable. After a 429 with a request ID, which means that the attempt had no
// effect, Do also retries a DELETE that is not Repeatable.
func TestDoRetriesUnknownOutcomesOnlyOfRepeatableCalls(t *testing.T) {
	lost := failing(io.ErrUnexpectedEOF)
	throttled := respond(http.StatusTooManyRequests, "", "", "Upvest-Request-Id", "request")
	for name, test := range map[string]struct {
		method     string
		repeatable bool
		step       roundTrip
		attempts   int
		hasKey     bool
	}{
		"GET":               {method: http.MethodGet, step: lost, attempts: 4},
		"POST":              {method: http.MethodPost, step: lost, attempts: 4, hasKey: true},
		"PATCH":             {method: http.MethodPatch, step: lost, attempts: 4, hasKey: true},
		"PUT":               {method: http.MethodPut, step: lost, attempts: 1},
		"repeatable PUT":    {method: http.MethodPut, repeatable: true, step: lost, attempts: 4},
		"DELETE":            {method: http.MethodDelete, step: lost, attempts: 1},
		"repeatable DELETE": {method: http.MethodDelete, repeatable: true, step: lost, attempts: 4},
		"throttled DELETE":  {method: http.MethodDelete, step: throttled, attempts: 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(test.step)
				request := upvest.Request{Method: test.method, Path: "/x", Repeatable: test.repeatable}
				err := newTestClient(t, server.serve).Do(t.Context(), request, nil)
				requireText(t, err, test.method+" /x")
				failure := asError(t, err)
				if len(failure.Attempts) != test.attempts {
					t.Errorf("the error %q lists %d attempts, want %d",
						err, len(failure.Attempts), test.attempts)
				}
				keys := map[string]bool{}
				for _, req := range server.requests {
					keys[req.Header.Get("Idempotency-Key")] = true
				}
				if len(keys) != 1 || keys[""] == test.hasKey {
					t.Errorf("the attempts carry the idempotency keys %v, want one value, non-empty: %t",
						keys, test.hasKey)
				}
			})
		})
	}
}

func TestDoRefusesInvalidRequests(t *testing.T) {
	get := func(path string) upvest.Request { return upvest.Request{Method: http.MethodGet, Path: path} }
	put := func(body any) upvest.Request {
		return upvest.Request{Method: http.MethodPut, Path: "/x", Body: body}
	}
	const (
		pathForm    = "path: begin it with a slash, and use Query for the query"
		escaping    = "has to be escaped: use url.PathEscape"
		segmentForm = "a segment that is empty or consists of dots"
	)
	for name, test := range map[string]struct {
		request upvest.Request
		out     any
		want    string
	}{
		"a method in lower case": {
			request: upvest.Request{Method: "get", Path: "/x"},
			want:    "method: use GET, ",
		},
		"a path without a slash":        {request: get("x"), want: pathForm},
		"no path":                       {request: get(""), want: pathForm},
		"a query in the path":           {request: get("/x?a=b"), want: pathForm},
		"a fragment in the path":        {request: get("/x#a"), want: pathForm},
		"a space in the path":           {request: get("/a b"), want: escaping},
		"an invalid escape in the path": {request: get("/a%zz"), want: escaping},
		"an empty segment":              {request: get("/x//y"), want: segmentForm},
		"two slashes at the start":      {request: get("//x/y"), want: segmentForm},
		"two slashes at the end":        {request: get("/x//"), want: segmentForm},
		"a segment of dots":             {request: get("/x/../y"), want: segmentForm},
		"a segment of escaped dots":     {request: get("/x/%2e%2E/y"), want: segmentForm},
		"dots after an escaped slash":   {request: get("/x/a%2F..%2Fb"), want: segmentForm},
		"a token request": {
			request: upvest.Request{Method: http.MethodPost, Path: "/auth/token"},
			want:    "TokenSource",
		},
		"a GET with a body": {
			request: upvest.Request{Method: http.MethodGet, Path: "/x", Body: 1},
			want:    "body: a GET has no body",
		},
		"a body that is not JSON":        {request: put([]byte("{")), want: "body: it is not JSON"},
		"a body that cannot become JSON": {request: put(func() {}), want: "body: encoding/json cannot"},
		"a reader as a body": {
			request: put(strings.NewReader("{}")),
			want:    "it is an io.Reader",
		},
		"a nil pointer as a body": {
			request: put((*liquidation)(nil)),
			want:    "body: it is a nil pointer",
		},
		"a nil map as a body": {
			request: put(map[string]int(nil)),
			want:    "body: it is a nil pointer",
		},
		"an out that is not a pointer": {
			request: get("/x"),
			out:     liquidation{},
			want:    "out: use a pointer",
		},
		"an out that is a nil pointer": {
			request: get("/x"),
			out:     (*liquidation)(nil),
			want:    "out: use a pointer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := scripted(success(`{}`))
			err := newTestClient(t, server.serve).Do(t.Context(), test.request, test.out)
			requireText(t, err, test.want)
			server.requireRequests(t, 0)
			failure := asError(t, err)
			if len(failure.Attempts) != 0 {
				t.Errorf("the error lists the attempts %+v, want none", failure.Attempts)
			}
			if test.request.Method != http.MethodGet && failure.Outcome != upvest.OutcomeRefused {
				t.Errorf("the outcome is %q, want %q", failure.Outcome, upvest.OutcomeRefused)
			}
		})
	}
	var none context.Context
	requireText(t, newTestClient(t, nil).Do(none, get("/x"), nil), "the context is nil")
}

func TestResponseDecodesFieldsThatTheClientDoesNotCover(t *testing.T) {
	body := strings.Replace(orderBody, "{", `{"client_reference": "plan 7",`, 1)
	client := newTestClient(t, success(body))
	var response upvest.Response
	if err := retrieve(t.Context(), client, upvest.WithResponse(&response)); err != nil {
		t.Fatal(err)
	}
	var newer struct {
		ClientReference string `json:"client_reference"`
	}
	if err := response.Decode(&newer); err != nil || newer.ClientReference != "plan 7" {
		t.Errorf("got %+v and the error %v, want the client_reference \"plan 7\"", newer, err)
	}
	if err := response.Decode(new([]int)); err == nil || strings.Contains(err.Error(), "plan 7") {
		t.Errorf("decoding into a slice returned the error %v, want one that does not quote the body", err)
	}
}
