package wrapper_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestWithHeaderRefusesHeadersThatTheClientSets(t *testing.T) {
	server := scripted(success(orderBody))
	client := newTestClient(t, server.serve)
	for _, name := range []string{
		"Accept", "authorization", "Content-Type", "content-length", "Idempotency-Key", "Signature",
		"signature-input", "Upvest-Client-Id", "upvest-api-version", "Upvest-Signature-Version", "User-Agent",
		"Host", "connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Keep-Alive",
		"Accept-Encoding", "Content-Digest", "Proxy-Authorization", "Proxy-Connection",
	} {
		err := createOrder(t.Context(), client, upvest.WithHeader(name, "x"))
		requireText(t, err, strings.ToLower(name)+" is set by the client itself")
	}
	server.requireRequests(t, 0)
}

// The client refuses invalid headers, query parameters and body fields. It also refuses a
// query parameter or a body field that the call already sets.
func TestInvalidAdditionsAreRefused(t *testing.T) {
	server := scripted(success(orderBody))
	client := newTestClient(t, server.serve)
	create := func(option upvest.CallOption) error { return createOrder(t.Context(), client, option) }
	put := func(body any, option upvest.CallOption) error {
		request := upvest.Request{Method: http.MethodPut, Path: "/x", Body: body}
		return client.Do(t.Context(), request, nil, option)
	}
	list := func(option upvest.CallOption) error {
		_, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{}, option)
		return err
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"a header name with a space": {
			err:  create(upvest.WithHeader("a b", "x")),
			want: "header: the name is invalid",
		},
		"a header value with a line break": {
			err:  create(upvest.WithHeader("Date", "x\r\ny")),
			want: "header: the value of date",
		},
		"a header value that begins with a space": {
			err:  create(upvest.WithHeader("Date", " x")),
			want: "header: the value of date",
		},
		"a header value that ends with a space": {
			err:  create(upvest.WithHeader("Date", "x ")),
			want: "header: the value of date",
		},
		"an empty header value": {
			err:  create(upvest.WithHeader("A", "")),
			want: "header: the value of a",
		},
		"an empty query name": {
			err:  create(upvest.WithQuery("", "x")),
			want: "query: the name is empty",
		},
		"an empty field name": {
			err:  create(upvest.WithBodyField("", "x")),
			want: "body field: use a name",
		},
		"a field value that cannot become JSON": {
			err:  create(upvest.WithBodyField("x", func() {})),
			want: "body field: use a name, and",
		},
		"a field that the call already sets": {
			err:  create(upvest.WithBodyField("side", "SELL")),
			want: "already",
		},
		"a field for a body that is a list": {
			err:  put([]int{1}, upvest.WithBodyField("a", 1)),
			want: "is not an object",
		},
		"a field for a request without a body": {
			err:  put(nil, upvest.WithBodyField("a", 1)),
			want: "has no body",
		},
		"a query parameter that the call already sets": {
			err:  list(upvest.WithQuery("limit", "5")),
			want: `the call already sets "limit"`,
		},
	} {
		t.Run(name, func(t *testing.T) { requireText(t, test.err, test.want) })
	}
	server.requireRequests(t, 0)
}

// WithHeader and WithQuery apply to the request for each page of a list, whether they are
// options of the client or of the method All.
func TestAdditionsToAClientApplyToEveryPage(t *testing.T) {
	server := &listServer{rows: ids(30)}
	client := newTestClient(t, server.serve,
		upvest.WithHeader("Accept-Language", "de"),
		upvest.WithQuery("tenant", "7"))
	_, err := collectOrders(t, client, ordersParams(0, 10),
		upvest.WithQuery("more", "1"), upvest.WithPagesAhead(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range server.requests {
		query := req.URL.Query()
		if !slices.Equal(query["tenant"], []string{"7"}) || !slices.Equal(query["more"], []string{"1"}) {
			t.Errorf("the query is %q, want tenant=7 and more=1 exactly once each", req.URL.RawQuery)
		}
		if language := req.Header.Get("Accept-Language"); language != "de" {
			t.Errorf("accept-language is %q, want \"de\"", language)
		}
		if input := req.Header.Get("Signature-Input"); !strings.Contains(input, `"accept-language"`) {
			t.Errorf("signature-input is %s, want it to cover accept-language", input)
		}
	}
}

// Concurrent calls of a client do not send each other's headers and query parameters.
func TestConcurrentCallsDoNotShareAdditions(t *testing.T) {
	server := scripted(success(orderBody))
	call := func(client *upvest.Client, name string) error {
		return retrieve(t.Context(), client,
			upvest.WithQuery("call", name), upvest.WithHeader(name+"-call", "1"))
	}
	// The first call has merged its options and waits in the limiter until the second
	// call has ended.
	var client *upvest.Client
	isFirst := true
	limiter := limiterFunc(func(context.Context) error {
		if isFirst {
			isFirst = false
			return call(client, "second")
		}
		return nil
	})
	client = newTestClient(t, server.serve,
		upvest.WithTokenSource(staticToken("token")),
		upvest.WithLimiter(limiter),
		// A slice with three additions has room for a fourth, so two calls that append to
		// the slice could write to the same memory.
		upvest.WithQuery("a", "1"), upvest.WithQuery("b", "1"), upvest.WithQuery("c", "1"),
		upvest.WithHeader("A", "1"), upvest.WithHeader("B", "1"), upvest.WithHeader("C", "1"))
	if err := call(client, "first"); err != nil {
		t.Fatal(err)
	}
	if len(server.requests) != 2 {
		t.Fatalf("got %d requests, want 2", len(server.requests))
	}
	for i, want := range []string{"second", "first"} {
		req := server.requests[i]
		if query := req.URL.Query().Get("call"); query != want || req.Header.Get(want+"-call") != "1" {
			t.Errorf("the %s call was sent with call=%q and the headers %v, want call=%q and the header %q",
				want, query, req.Header, want, want+"-call")
		}
		if input := req.Header.Get("Signature-Input"); !strings.Contains(input, `"`+want+`-call"`) {
			t.Errorf("signature-input of the %s call is %s, want it to cover the header %q",
				want, input, want+"-call")
		}
	}
}
