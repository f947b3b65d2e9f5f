package wrapper_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var updateGolden = flag.Bool("update", false, "write the golden files again")

// The documented answers of a success.
const (
	allocationBody = `{
  "allocation": [
    {"instrument_id": "IE00B0M62Q58", "instrument_id_type": "ISIN", "weight": "0.7"},
    {"instrument_id": "US0378331005", "instrument_id_type": "ISIN", "weight": "0.3"}
  ],
  "created_at": "2021-07-21T14:10:00.00Z",
  "id": "436244bb-4afd-4002-b53b-b1d7a3bca032",
  "name": "Allocation 1",
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
	configurationBody = `{
  "account_id": "4ca934ae-66b2-4494-86f9-df6ab89351f1",
  "allocation_id": "65c69f95-c7b9-4c93-9943-a8c7fe4f7aef",
  "created_at": "2021-07-21T14:10:00.00Z",
  "rebalancing_strategy_ids": ["7a7322f5-b45d-4aba-aae4-c12797938c93", "d7b4291b-5a26-40c2-a8dd-235bd904a2ed"],
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
	orderBody = `{
  "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3",
  "allocation_id": "eb68abce-29f4-483f-a384-7f243e77851f",
  "cash_amount": "1000",
  "created_at": "2021-07-21T14:10:00.000Z",
  "currency": "EUR",
  "id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
  "orders": [
    {"id": "b291d8a4-21f5-4c52-8590-4f90ce54d0b1", "side": "SELL", "status": "NEW"},
    {"id": "81d02bd9-7b9d-443d-bbfa-31df4d543f7d", "side": "SELL", "status": "PROCESSING"},
    {"id": "e97fb564-ebb4-4f37-930a-bda49c09a2e4", "side": "SELL", "status": "FILLED"}
  ],
  "post_tax": false,
  "status": "PROCESSING",
  "type": "SELL",
  "updated_at": "2021-07-21T14:10:00.000Z"
}`
	liquidationBody = `{
  "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3",
  "allocation_id": "",
  "cash_amount": "1000",
  "created_at": "2021-07-21T14:10:00.000Z",
  "currency": "EUR",
  "id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
  "orders": [],
  "post_tax": false,
  "status": "NEW",
  "type": "LIQUIDATION",
  "updated_at": "2021-07-21T14:10:00.000Z"
}`
	rebalancingBody = `{"id": "735381ce-8380-4b07-9e42-97e2b6d3643e"}`
	executionBody   = `{
  "accounts": ["43801b85-bbcf-41c7-8389-b018082a5ec5", "20151679-c159-4f16-b8a2-267b3d968c6f"],
  "allocations": [],
  "created_at": "2021-07-21T14:10:00.00Z",
  "id": "735381ce-8380-4b07-9e42-97e2b6d3643e",
  "updated_at": "2021-07-21T14:10:00.00Z"
}`
)

var (
	someUser       = uuid.MustParse("2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b")
	someAccount    = uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	someAllocation = uuid.MustParse("436244bb-4afd-4002-b53b-b1d7a3bca032")
	someOrder      = uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c")
	someExecution  = uuid.MustParse("735381ce-8380-4b07-9e42-97e2b6d3643e")
)

// operationCase is an operation of the API, a call of it and the documented answer.
type operationCase struct {
	id, method string
	success    string
	call       func(context.Context, *upvest.Client, ...upvest.CallOption) (any, error)
}

func (o operationCase) isWrite() bool { return o.method != http.MethodGet }

// listOf is a page with one row.
func listOf(row string) string {
	return `{"data": [` + row + `], "meta": {"count": 1, "limit": 100, "offset": 0, "order": "ASC", "sort": "id", "total_count": 1}}`
}

func someOrderRequest() portfolios.OrderRequest {
	return portfolios.OrderRequest{
		UserID: someUser, AccountID: someAccount, CashAmount: "1000.10", Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
	}
}

// everyOperation has all 15 of them. Lists are asked for without parameters.
func everyOperation() []operationCase {
	mix := portfolios.AllocationRequest{Name: "Allocation 1", Allocation: []portfolios.InstrumentWeight{
		{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "0.7"},
		{
			InstrumentID:     "7e1b9c1f-92f5-4f5b-8c3b-5a4d3f2e1d0c",
			InstrumentIDType: portfolios.InstrumentIDTypeUPVEST,
			Weight:           "0.30",
		},
	}}
	return []operationCase{
		{
			id: "list_portfolios_allocations", method: http.MethodGet, success: listOf(allocationBody),
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Allocations.List(c, portfolios.ListPortfoliosAllocationsParams{}, o...)
			},
		},
		{
			id: "create_portfolios_allocation", method: http.MethodPost, success: allocationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Allocations.Create(c, mix, o...)
			},
		},
		{
			id: "retrieve_portfolios_allocation", method: http.MethodGet, success: allocationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Allocations.Retrieve(c, someAllocation, o...)
			},
		},
		{
			id: "update_portfolios_allocation", method: http.MethodPut, success: allocationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Allocations.Update(c, someAllocation, portfolios.AllocationRequest{Allocation: mix.Allocation}, o...)
			},
		},
		{
			id: "list_portfolios_configurations", method: http.MethodGet, success: listOf(configurationBody),
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Configurations.List(c, portfolios.ListPortfoliosConfigurationsParams{}, o...)
			},
		},
		{
			id: "create_portfolios_configuration", method: http.MethodPost, success: configurationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Configurations.Create(c, portfolios.ConfigurationRequest{
					AccountID: someAccount, AllocationID: someAllocation, RebalancingStrategyIDs: []uuid.UUID{someExecution},
				}, o...)
			},
		},
		{
			id: "retrieve_portfolios_configuration", method: http.MethodGet, success: configurationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Configurations.Retrieve(c, someAccount, o...)
			},
		},
		{
			id: "update_portfolios_configuration", method: http.MethodPatch, success: configurationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Configurations.Update(c, someAccount, portfolios.ConfigurationUpdate{
					AllocationID: api.OptionalUUID(someAllocation),
				}, o...)
			},
		},
		{
			id: "list_portfolios_orders", method: http.MethodGet, success: listOf(orderBody),
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Orders.List(c, portfolios.ListPortfoliosOrdersParams{}, o...)
			},
		},
		{
			id: "create_portfolios_order", method: http.MethodPost, success: orderBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Orders.Create(c, someOrderRequest(), o...)
			},
		},
		{
			id: "retrieve_portfolios_order", method: http.MethodGet, success: orderBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Orders.Retrieve(c, someOrder, o...)
			},
		},
		{
			id: "cancel_portfolios_order", method: http.MethodDelete, call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return nil, u.Orders.Cancel(c, someOrder, o...)
			},
		},
		{
			id: "create_portfolios_liquidation_request", method: http.MethodPost, success: liquidationBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Orders.CreateLiquidationRequest(c, someAccount, portfolios.LiquidationRequest{UserID: someUser}, o...)
			},
		},
		{
			id: "trigger_portfolio_rebalancing", method: http.MethodPost, success: rebalancingBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Rebalancings.Trigger(c, portfolios.RebalancingRequest{Accounts: []uuid.UUID{someAccount}}, o...)
			},
		},
		{
			id: "retrieve_portfolios_rebalancing_execution", method: http.MethodGet, success: executionBody,
			call: func(c context.Context, u *upvest.Client, o ...upvest.CallOption) (any, error) {
				return u.Rebalancings.RetrieveExecution(c, someExecution, o...)
			},
		},
	}
}

// wire is a request as it goes over the wire.
type wire struct {
	method, uri, host string
	header            http.Header // with content-length
	body              []byte
}

// wireOf takes a request down in a transport; net/http writes content-length and host
// from fields of their own.
func wireOf(req *http.Request) (wire, error) {
	w := wire{method: req.Method, uri: req.URL.RequestURI(), host: req.URL.Host, header: req.Header.Clone()}
	if req.Body == nil {
		return w, nil
	}
	var err error
	if w.body, err = io.ReadAll(req.Body); err != nil {
		return w, fmt.Errorf("read the body of the request: %w", err)
	}
	if req.ContentLength != int64(len(w.body)) {
		return w, fmt.Errorf("content-length is %d, the body has %d bytes", req.ContentLength, len(w.body))
	}
	if len(w.body) > 0 {
		w.header.Set("Content-Length", strconv.Itoa(len(w.body)))
	}
	return w, nil
}

// String is the request in the syntax of HTTP/1.1, header fields sorted, with the version
// of this client masked.
func (w wire) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\nHost: %s\n", w.method, w.uri, w.host)
	names := make([]string, 0, len(w.header))
	for name := range w.header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range w.header[name] {
			if name == "User-Agent" {
				value = ownVersion.ReplaceAllString(value, "${1}VERSION")
			}
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&text, "\n%s", w.body)
	return text.String()
}

var ownVersion = regexp.MustCompile(`(upvest-portfolios-go/)\S+`)

// parseWire reads what String writes.
func parseWire(t *testing.T, text []byte) wire {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	w := wire{method: req.Method, uri: req.RequestURI, host: req.Host, header: req.Header, body: body}
	if req.ContentLength > 0 {
		w.header.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	}
	return w
}

var signatureInput = regexp.MustCompile(`^sig1=(\(([^()]*)\);keyid="([^"]+)";created=([0-9]+);expires=([0-9]+);nonce="([^"]+)")$`)

// requireSigned rebuilds the signature base from what was sent and verifies signature and
// digest. It returns the components covered.
func requireSigned(t *testing.T, w wire, key ed25519.PublicKey) []string {
	t.Helper()
	input := signatureInput.FindStringSubmatch(w.header.Get("Signature-Input"))
	if input == nil {
		t.Fatalf("signature-input is malformed: %q", w.header.Get("Signature-Input"))
	}
	path, query, hasQuery := strings.Cut(w.uri, "?")
	var base strings.Builder
	var covered []string
	for quoted := range strings.FieldsSeq(input[2]) {
		name := strings.Trim(quoted, `"`)
		covered = append(covered, name)
		value := w.header.Get(name)
		switch name {
		case "@method":
			value = w.method
		case "@path":
			value = path
		case "@query":
			value = "?" + query
			if !hasQuery {
				t.Error("the signature covers a query that is not there")
			}
		}
		if value == "" {
			t.Errorf("the signature covers %s, which is not there", name)
		}
		base.WriteString(quoted + ": " + value + "\n")
	}
	base.WriteString(`"@signature-params": ` + input[1])
	encoded := strings.TrimSuffix(strings.TrimPrefix(w.header.Get("Signature"), "sig1=:"), ":")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !ed25519.Verify(key, []byte(base.String()), signature) {
		t.Errorf("the signature does not verify over\n%s", base.String())
	}
	if got := w.header.Get("Upvest-Signature-Version"); got != "15" {
		t.Errorf("upvest-signature-version is %q, want 15", got)
	}
	if len(w.body) > 0 {
		digest := sha512.Sum512(w.body)
		want := "sha-512=:" + base64.StdEncoding.EncodeToString(digest[:]) + ":"
		if got := w.header.Get("Content-Digest"); got != want {
			t.Errorf("content-digest is %q, want %q", got, want)
		}
	}
	return covered
}

// mustCover is what the documentation wants covered, and what callers add.
func mustCover(w wire) []string {
	components := []string{"@method", "@path"}
	if strings.Contains(w.uri, "?") {
		components = append(components, "@query")
	}
	for _, name := range []string{
		"accept", "authorization", "content-length", "content-type", "content-digest",
		"idempotency-key", "upvest-client-id", "upvest-api-version",
	} {
		if w.header.Get(name) != "" {
			components = append(components, name)
		}
	}
	for _, name := range []string{"date", "accept-language"} {
		if w.header.Get(name) != "" {
			components = append(components, name)
		}
	}
	return components
}

// exactClient sends nothing by chance: time, nonces and keys are fixed. Each request is
// handed to record.
func exactClient(t *testing.T, record func(wire), respond func(*http.Request) *http.Response) *upvest.Client {
	t.Helper()
	now := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	client, err := upvest.New(testCredentials(t),
		upvest.WithClock(func() time.Time { return now }),
		upvest.WithRandom(rand.NewChaCha8([32]byte{})), // of one goroutine at a time
		upvest.WithUserAgent("my-service/1.2"),
		upvest.WithoutRetry(),
		upvest.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			w, err := wireOf(req)
			if err != nil {
				return nil, err
			}
			record(w)
			if strings.HasSuffix(req.URL.Path, "/auth/token") {
				return tokenAnswer(), nil
			}
			return respond(req), nil
		})}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// requireGolden compares a request with its golden file, and checks that the file holds a
// valid signature over all that it should.
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
		t.Fatalf("%v: write it with go test -update", err)
	}
	if got := w.String(); got != string(want) {
		t.Errorf("the request differs from %s; write it again with -update if it should. Got\n%s\nwant\n%s", file, got, want)
	}
	golden := parseWire(t, want)
	covered := requireSigned(t, golden, testKey(t).Public().(ed25519.PublicKey))
	if want := mustCover(golden); !slices.Equal(covered, want) {
		t.Errorf("the signature covers %q, want %q", covered, want)
	}
}

func TestRequests(t *testing.T) {
	operations := everyOperation()
	if len(operations) != 15 {
		t.Fatalf("there are %d operations, want 15", len(operations))
	}
	for _, operation := range operations {
		t.Run(operation.id, func(t *testing.T) {
			var sent []wire
			client := exactClient(t, func(w wire) { sent = append(sent, w) }, func(*http.Request) *http.Response {
				return answer(http.StatusOK, "application/json", operation.success)
			})
			if _, err := operation.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if len(sent) != 2 {
				t.Fatalf("%d requests were sent, want one for the token and one for the call", len(sent))
			}
			requireGolden(t, "requests/"+operation.id, sent[1])
			hasKey := sent[1].header.Get("Idempotency-Key") != ""
			if wantKey := operation.method == http.MethodPost || operation.method == http.MethodPatch; hasKey != wantKey {
				t.Errorf("there is an idempotency key: %t, want %t", hasKey, wantKey)
			}
			if sent[1].method != operation.method {
				t.Errorf("the method is %s, want %s", sent[1].method, operation.method)
			}
		})
	}
}

func TestTokenRequest(t *testing.T) {
	var sent []wire
	client := exactClient(t, func(w wire) { sent = append(sent, w) }, nil)
	token, err := client.TokenSource().Token()
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken != "test-token" || len(sent) != 1 {
		t.Fatalf("got the token %q by %d requests", token.AccessToken, len(sent))
	}
	requireGolden(t, "requests/token", sent[0])
	if sent[0].header.Get("Authorization") != "" {
		t.Error("the token request has an authorization header")
	}
}

// The zones are deliberately not UTC.
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
	dates := "start_date=2026-01-01T00:30:00Z&end_date=2026-01-31T23:59:59Z"
	for name, test := range map[string]struct {
		call func(*upvest.Client) error
		want string // query, decoded
	}{
		"list_portfolios_allocations": {
			call: func(u *upvest.Client) error {
				_, err := u.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{
					Sort: &byAllocationID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate, InstrumentIDs: &instruments,
				})
				return err
			},
			want: "sort=id&order=ASC&offset=200&limit=1000&" + dates + "&instrument_ids=IE00B0M62Q58,7e1b9c1f-92f5-4f5b-8c3b-5a4d3f2e1d0c",
		},
		"list_portfolios_configurations": {
			call: func(u *upvest.Client) error {
				_, err := u.Configurations.List(t.Context(), portfolios.ListPortfoliosConfigurationsParams{
					Sort: &byAccountID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate, AccountID: &someAccount, AllocationID: &someAllocation,
				})
				return err
			},
			want: "sort=account_id&order=ASC&offset=200&limit=1000&" + dates +
				"&account_id=debf2026-f2da-4ff0-bb84-92e45babb1e3&allocation_id=436244bb-4afd-4002-b53b-b1d7a3bca032",
		},
		"list_portfolios_orders": {
			call: func(u *upvest.Client) error {
				_, err := u.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{
					Sort: &byOrderID, Order: &ascending, Offset: &offset, Limit: &limit,
					StartDate: &startDate, EndDate: &endDate, AccountID: &someAccount, AllocationID: &someAllocation,
				})
				return err
			},
			want: "sort=id&order=ASC&offset=200&limit=1000&" + dates +
				"&account_id=debf2026-f2da-4ff0-bb84-92e45babb1e3&allocation_id=436244bb-4afd-4002-b53b-b1d7a3bca032",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []wire
			client := exactClient(t, func(w wire) { sent = append(sent, w) }, func(*http.Request) *http.Response {
				return answer(http.StatusOK, "application/json", `{"data": [], "meta": {"limit": 1000, "offset": 200}}`)
			})
			if err := test.call(client); err != nil {
				t.Fatal(err)
			}
			requireGolden(t, "requests/"+name+".filtered", sent[1])
			_, query, _ := strings.Cut(sent[1].uri, "?")
			got, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			want, err := url.ParseQuery(test.want)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the query is %v, want %v", got, want)
			}
		})
	}
	if startDate.Location() == time.UTC || offset != 200 {
		t.Error("the caller's parameters were changed")
	}
}

// What net/http makes of a request on its way is seen only at the other end of a
// connection.
func TestRequestsAsReceived(t *testing.T) {
	received := map[string]wire{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || len(req.TransferEncoding) > 0 {
			t.Errorf("%s %s: transfer-encoding is %q, body: %v", req.Method, req.URL, req.TransferEncoding, err)
		}
		got := wire{method: req.Method, uri: req.RequestURI, host: req.Host, header: req.Header, body: body}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case req.URL.Path == "/auth/token":
			received["token"] = got
			_, _ = io.WriteString(w, `{"access_token":"test-token","expires_in":1800,"token_type":"bearer"}`)
		case req.Method == http.MethodDelete:
			received["cancel"] = got
			w.WriteHeader(http.StatusNoContent)
		default:
			received["create"] = got
			_, _ = io.WriteString(w, orderBody)
		}
	}))
	defer server.Close()
	credentials := testCredentials(t)
	credentials.BaseURL = server.URL
	client, err := upvest.New(credentials, upvest.WithoutRetry(), upvest.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
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
		covered := requireSigned(t, got, testKey(t).Public().(ed25519.PublicKey))
		if want := mustCover(got); !slices.Equal(covered, want) {
			t.Errorf("%s: the signature covers %q, want %q", name, covered, want)
		}
		if sent := got.header.Get("Content-Length"); sent != length {
			t.Errorf("%s: content-length is %q, want %q", name, sent, length)
		}
		if accept := got.header.Values("Accept"); !slices.Equal(accept, []string{"application/json"}) {
			t.Errorf("%s: accept is %q", name, accept)
		}
		if agent := got.header.Get("User-Agent"); !strings.HasPrefix(agent, "upvest-portfolios-go/") {
			t.Errorf("%s: user-agent is %q", name, agent)
		}
	}
	if got := received["create"].header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content-type is %q", got)
	}
	if got := received["token"].header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("content-type of the token request is %q", got)
	}
}
