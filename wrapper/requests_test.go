package wrapper_test

import (
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var updateGolden = flag.Bool("update", false, "overwrite the golden files with the current requests")

// exactClient returns a client that sends the same bytes in every run, because its clock,
// nonces and idempotency keys are fixed. The client is not safe for concurrent use.
func exactClient(t *testing.T, transport http.RoundTripper) *upvest.Client {
	t.Helper()
	now := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	return newClientOver(t, transport,
		upvest.WithClock(func() time.Time { return now }),
		upvest.WithRandom(rand.NewChaCha8([32]byte{})),
		upvest.WithUserAgent("my-service/1.2"),
		upvest.WithoutRetry())
}

// requireGolden compares a request with its golden file, and checks that the signature in
// the file is valid and covers exactly the required components.
func requireGolden(t *testing.T, name string, w wire) {
	t.Helper()
	file := filepath.Join("testdata", name+".http")
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(w.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("cannot read the golden file (to create it, run go test -update): %v", err)
	}
	if got := w.String(); got != string(want) {
		t.Errorf("the request differs from %s; if the difference is intended, run go test -update. "+
			"Got\n%s\nwant\n%s", file, got, want)
	}
	requireCovered(t, parseWire(t, want))
}

// requireCovered verifies the signature of a request, and checks that the signature
// covers exactly the required components.
func requireCovered(t *testing.T, w wire) {
	t.Helper()
	covered := requireSigned(t, w, testPublicKey(t))
	if want := mustCover(w); !slices.Equal(covered, want) {
		t.Errorf("the signature of %s %s covers %q, want %q", w.method, w.uri, covered, want)
	}
}

func TestRequests(t *testing.T) {
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			var sent wireLog
			client := exactClient(t, sent.over(grantingTokens(success(operation.success))))
			if _, err := operation.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if len(sent) != 2 {
				t.Fatalf("got %d requests, want two: one for the token and one for the call", len(sent))
			}
			requireGolden(t, "requests/"+operation.id, sent[1])
			key := sent[1].header.Get("Idempotency-Key")
			if (key != "") != operation.isKeyed() {
				t.Errorf("the request has the idempotency key %q, want a key: %t",
					key, operation.isKeyed())
			}
			if sent[1].method != operation.method {
				t.Errorf("the request has the method %s, want %s", sent[1].method, operation.method)
			}
		})
	}
}

func TestTokenRequest(t *testing.T) {
	var sent wireLog
	client := exactClient(t, sent.over(grantingTokens(nil)))
	token, err := client.TokenSource().Token()
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken != "test-token" || len(sent) != 1 {
		t.Fatalf("got the token %q and %d requests, want \"test-token\" and one request",
			token.AccessToken, len(sent))
	}
	requireGolden(t, "requests/token", sent[0])
	if got := sent[0].header.Get("Authorization"); got != "" {
		t.Errorf("the token request has the Authorization header %q, want none", got)
	}
}

// startDate and endDate are values for the date filters of lists. Their time zones are
// not UTC, because the client must convert them to UTC.
var (
	startDate = time.Date(2026, time.January, 1, 1, 30, 0, 0, time.FixedZone("CET", 3600))
	endDate   = time.Date(2026, time.January, 31, 18, 59, 59, 0, time.FixedZone("EST", -5*3600))
)

func TestListRequestsWithEveryFilter(t *testing.T) {
	offset := int32(200)
	limit := int32(1000)
	ascending := portfolios.ListOrderASC
	byAllocationID := portfolios.AllocationSortID
	byAccountID := portfolios.ConfigurationSortAccountID
	byOrderID := portfolios.OrderSortID
	instruments := []api.InstrumentID{"IE00B0M62Q58", "7e1b9c1f-92f5-4f5b-8c3b-5a4d3f2e1d0c"}
	const (
		page     = "&order=ASC&offset=200&limit=1000"
		dates    = "&start_date=2026-01-01T00:30:00Z&end_date=2026-01-31T23:59:59Z"
		accounts = "&account_id=debf2026-f2da-4ff0-bb84-92e45babb1e3" +
			"&allocation_id=436244bb-4afd-4002-b53b-b1d7a3bca032"
	)
	for name, test := range map[string]struct {
		call func(*upvest.Client) error
		want string // the decoded query
	}{
		"list_portfolios_allocations": {
			call: func(client *upvest.Client) error {
				params := portfolios.ListPortfoliosAllocationsParams{
					Sort: &byAllocationID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate, InstrumentIDs: &instruments,
				}
				_, err := client.Allocations.List(t.Context(), params)
				return err
			},
			want: "sort=id" + page + dates +
				"&instrument_ids=IE00B0M62Q58,7e1b9c1f-92f5-4f5b-8c3b-5a4d3f2e1d0c",
		},
		"list_portfolios_configurations": {
			call: func(client *upvest.Client) error {
				params := portfolios.ListPortfoliosConfigurationsParams{
					Sort: &byAccountID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate,
					AccountID: &someAccount, AllocationID: &someAllocation,
				}
				_, err := client.Configurations.List(t.Context(), params)
				return err
			},
			want: "sort=account_id" + page + dates + accounts,
		},
		"list_portfolios_orders": {
			call: func(client *upvest.Client) error {
				params := portfolios.ListPortfoliosOrdersParams{
					Sort: &byOrderID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate,
					AccountID: &someAccount, AllocationID: &someAllocation,
				}
				_, err := client.Orders.List(t.Context(), params)
				return err
			},
			want: "sort=id" + page + dates + accounts,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent wireLog
			emptyPage := success(`{"data": [], "meta": {"limit": 1000, "offset": 200}}`)
			client := exactClient(t, sent.over(grantingTokens(emptyPage)))
			if err := test.call(client); err != nil {
				t.Fatal(err)
			}
			requireGolden(t, "requests/"+name+".filtered", sent[1])
			_, query, _ := strings.Cut(sent[1].uri, "?")
			got := parseQuery(t, query)
			if want := parseQuery(t, test.want); !reflect.DeepEqual(got, want) {
				t.Errorf("the request has the query %v, want %v", got, want)
			}
		})
	}
	if startDate.Location() == time.UTC || offset != 200 {
		t.Errorf("after the calls, the caller's start date is %s and the caller's offset is %d, "+
			"want both unchanged", startDate, offset)
	}
}

func parseQuery(t *testing.T, text string) url.Values {
	t.Helper()
	query, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	return query
}

// net/http changes requests while sending them, so this test checks requests as a server
// receives them.
func TestRequestsAsReceived(t *testing.T) {
	received := map[string]wire{}
	record := func(name string, req *http.Request) {
		if len(req.TransferEncoding) > 0 {
			t.Errorf("the %s request has the Transfer-Encoding %q, want none", name, req.TransferEncoding)
		}
		received[name] = wireReceived(t, req)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case isTokenRequest(req):
			record("token", req)
			_, _ = io.WriteString(w, tokenBody)
		case req.Method == http.MethodDelete:
			record("cancel", req)
			w.Header().Set("Upvest-Request-Id", "request")
			w.WriteHeader(http.StatusNoContent)
		default:
			record("create", req)
			_, _ = io.WriteString(w, orderBody)
		}
	}))
	defer server.Close()
	client := newServerClient(t, server.URL, upvest.WithoutRetry())
	if _, err := client.Orders.Create(t.Context(), someOrderRequest()); err != nil {
		t.Fatal(err)
	}
	if err := client.Orders.Cancel(t.Context(), someOrder); err != nil {
		t.Fatal(err)
	}
	for name, hasBody := range map[string]bool{"token": true, "create": true, "cancel": false} {
		got := received[name]
		length := ""
		if hasBody {
			length = strconv.Itoa(len(got.body))
		}
		requireCovered(t, got)
		if sent := got.header.Get("Content-Length"); sent != length {
			t.Errorf("the %s request has the Content-Length %q, want %q", name, sent, length)
		}
		if accept := got.header.Values("Accept"); !slices.Equal(accept, []string{"application/json"}) {
			t.Errorf("the %s request has the Accept headers %q, want application/json once", name, accept)
		}
		if agent := got.header.Get("User-Agent"); !strings.HasPrefix(agent, "upvest-portfolios-go/") {
			t.Errorf("the %s request has the User-Agent %q, want it to begin with upvest-portfolios-go/",
				name, agent)
		}
	}
	for name, want := range map[string]string{
		"create": "application/json",
		"token":  "application/x-www-form-urlencoded",
	} {
		if got := received[name].header.Get("Content-Type"); got != want {
			t.Errorf("the %s request has the Content-Type %q, want %q", name, got, want)
		}
	}
}
