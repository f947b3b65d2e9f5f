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

func TestWithHeaderRefusesHeadersOfTheClient(t *testing.T) {
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

func TestAdditionsThatAreRefused(t *testing.T) {
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
		"a field that json cannot write": {
			err:  create(upvest.WithBodyField("x", func() {})),
			want: "body field: use a name, and",
		},
		"a field that the call sets": {
			err:  create(upvest.WithBodyField("side", "SELL")),
			want: "already",
		},
		"a field of a list": {
			err:  put([]int{1}, upvest.WithBodyField("a", 1)),
			want: "is not an object",
		},
		"a field of no body": {
			err:  put(nil, upvest.WithBodyField("a", 1)),
			want: "has no body",
		},
		"a query parameter that the call sets": {
			err:  list(upvest.WithQuery("limit", "5")),
			want: `the call already sets "limit"`,
		},
	} {
		t.Run(name, func(t *testing.T) { requireText(t, test.err, test.want) })
	}
	server.requireRequests(t, 0)
}

// Additions of a client apply to all its calls, and to each page of a list.
func TestAdditionsOfAClient(t *testing.T) {
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
			t.Errorf("the query is %s, want tenant=7 and more=1 once", req.URL.RawQuery)
		}
		if language := req.Header.Get("Accept-Language"); language != "de" {
			t.Errorf("accept-language is %q, want de", language)
		}
		if input := req.Header.Get("Signature-Input"); !strings.Contains(input, `"accept-language"`) {
			t.Errorf("signature-input is %s, want it to cover accept-language", input)
		}
	}
}

// Calls that run at the same time do not see each other's additions.
func TestAdditionsOfConcurrentCalls(t *testing.T) {
	server := scripted(success(orderBody))
	call := func(client *upvest.Client, name string) error {
		return retrieve(t.Context(), client,
			upvest.WithQuery("call", name), upvest.WithHeader(name+"-call", "1"))
	}
	// The first call waits for its turn, after it has merged its options, until another
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
		// With three additions of each kind, a slice has room for one more.
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
			t.Errorf("the %s call was sent with the query %q and the headers %v", want, query, req.Header)
		}
		if input := req.Header.Get("Signature-Input"); !strings.Contains(input, `"`+want+`-call"`) {
			t.Errorf("the signature of the %s call covers %s, want the header of the call too", want, input)
		}
	}
}
