package wrapper_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestEveryOperationReadsItsResponse(t *testing.T) {
	for _, operation := range everyOperation() {
		for _, status := range []int{200, 201, 202, 203, 226, 299} {
			t.Run(fmt.Sprintf("%s/%d", operation.id, status), func(t *testing.T) {
				client := respondingClient(t, status, "application/json", operation.success)
				value, err := operation.call(t.Context(), client)
				if err != nil {
					t.Fatal(err)
				}
				if value == nil && operation.success == "" {
					return
				}
				// encoding/json must write exactly the fields of the response. Only times
				// and an empty ID may be written differently.
				encoded, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				forms := strings.NewReplacer(`.000Z"`, `Z"`, `.00Z"`, `Z"`, `"allocation_id": "",`, "")
				requireSameJSON(t, string(encoded), forms.Replace(operation.success))
			})
		}
	}
}

func requireSameJSON(t *testing.T, got, want string) {
	t.Helper()
	var gotValue, wantValue any
	if err := json.Unmarshal([]byte(got), &gotValue); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wantValue); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(gotValue, wantValue) {
		t.Errorf("got the JSON %s, want %s", got, want)
	}
}

func TestDocumentedLiquidation(t *testing.T) {
	client := respondingClient(t, http.StatusOK, "application/json", liquidationBody)
	request := portfolios.LiquidationRequest{UserID: someUser}
	order, err := client.Orders.CreateLiquidationRequest(t.Context(), someAccount, request)
	if err != nil {
		t.Fatal(err)
	}
	if !order.AllocationID.IsZero() || order.Type != portfolios.OrderTypeLIQUIDATION ||
		order.CashAmount != "1000" || order.Orders == nil {
		t.Errorf("got the order %+v, want a liquidation with the cash amount 1000, a list of orders, "+
			"and no allocation", order)
	}
}

// The documented example of a page has 2 rows although its count is 1. The client returns
// the page as received.
func TestDocumentedPageWithAWrongCount(t *testing.T) {
	body := `{"data": [` + configurationBody + `, ` + configurationBody + `],
		"meta": {"count": 1, "limit": 100, "offset": 0, "order": "ASC", "sort": "account_id",
			"total_count": 1}}`
	page, err := respondingClient(t, http.StatusOK, "application/json", body).
		Configurations.List(t.Context(), portfolios.ListPortfoliosConfigurationsParams{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Data) != 2 || page.Meta.Count != 1 || page.Meta.Sort != "account_id" {
		t.Errorf("got %d rows and the metadata %+v, want 2 rows and the metadata as received",
			len(page.Data), page.Meta)
	}
}

// Some servers send null as the data of a page without rows. The client must return an
// empty page.
func TestNullDataIsAnEmptyPage(t *testing.T) {
	body := `{"data": null, "meta": {"count": 0, "limit": 100, "offset": 0, "total_count": 0}}`
	client := respondingClient(t, http.StatusOK, "application/json", body)
	for name, list := range map[string]func() (int, error){
		"allocations": func() (int, error) {
			page, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
			return len(page.Data), err
		},
		"configurations": func() (int, error) {
			params := portfolios.ListPortfoliosConfigurationsParams{}
			page, err := client.Configurations.List(t.Context(), params)
			return len(page.Data), err
		},
		"orders": func() (int, error) {
			page, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{})
			return len(page.Data), err
		},
	} {
		if rows, err := list(); rows != 0 || err != nil {
			t.Errorf("a list of %s: got %d rows and the error %v, want an empty page", name, rows, err)
		}
	}
}

// Upvest documents no body for the response to Cancel. If the response has an
// upvest-request-id, the client accepts an empty body, the cancelled order, and any JSON
// that does not name a different order.
func TestCancelRequiresARequestIDButNoBody(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 226, 299} {
		for _, body := range []string{"", orderBody, "{}", "null", `"done"`, `{"maintenance": true}`} {
			if status == 204 && body != "" {
				continue
			}
			for name, header := range map[string][]string{
				"with a request ID":    {"Upvest-Request-Id", "request"},
				"without a request ID": {"Upvest-Request-Id", ""},
			} {
				t.Run(fmt.Sprintf("%d %.20q %s", status, body, name), func(t *testing.T) {
					var received upvest.Response
					client := respondingClient(t, status, "application/json", body, header...)
					err := client.Orders.Cancel(t.Context(), someOrder, upvest.WithResponse(&received))
					isAccepted := header[1] != ""
					if (err == nil) != isAccepted {
						t.Errorf("got the error %v, want success: %t", err, isAccepted)
					}
					if err != nil {
						requireOutcome(t, err, upvest.OutcomeUnknown)
					}
					if received.Status != status || string(received.Body) != body {
						t.Errorf("the raw response has the status %d and the body %q, want %d and %q",
							received.Status, received.Body, status, body)
					}
				})
			}
		}
	}
}

// A body that is not JSON comes from a proxy or is incomplete, so Cancel returns an
// error.
func TestCancelReportsABodyThatIsNotJSON(t *testing.T) {
	for _, body := range []string{"<html>CANARY</html>", `{"id": "CANARY`, "CANARY"} {
		client := respondingClient(t, http.StatusOK, "text/html", body, "Upvest-Request-Id", "r-1")
		err := client.Orders.Cancel(t.Context(), someOrder)
		failure := requireReceived(t, err, "cancel_portfolios_order", http.StatusOK, body)
		requireOutcome(t, err, upvest.OutcomeAccepted)
		if failure.RequestID != "r-1" || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("after the body %q, got the error %q with the request ID %q, "+
				"want the request ID \"r-1\" and no part of the body", body, err, failure.RequestID)
		}
	}
}

// The client reads a response even if the Go types lack some of its fields and
// enumeration values.
func TestResponsesOfNewerServers(t *testing.T) {
	const amount = "123456789012345678901234567890.123456789012345678901234567"
	body := `{
		"account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3", "cash_amount": "` + amount + `",
		"created_at": "2021-07-21T16:10:00.123456789+02:00", "currency": "GBP",
		"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
		"orders": [{"id": "b291d8a4-21f5-4c52-8590-4f90ce54d0b1", "side": "SWAP", "status": "HELD",
			"price": {"amount": "1"}}],
		"post_tax": true, "status": "SETTLED", "type": "DIVIDEND", "updated_at": "2021-07-21T14:10:00Z",
		"client_reference": "abc", "cancellation_details": null,
		"user_id": "2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b"
	}`
	var received upvest.Response
	client := respondingClient(t, http.StatusOK, "application/json", body, "X-New", "1")
	order, err := client.Orders.Retrieve(t.Context(), someOrder, upvest.WithResponse(&received))
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != "SETTLED" || order.Type != "DIVIDEND" || order.Currency != "GBP" ||
		order.Orders[0].Side != "SWAP" || order.Orders[0].Status != "HELD" {
		t.Errorf("got the order %+v, want the unknown enumeration values as received", order)
	}
	if order.CashAmount != amount {
		t.Errorf("the order has the cash amount %s, want %s", order.CashAmount, amount)
	}
	if order.UserID != api.OptionalUUID(someUser) || !order.AllocationID.IsZero() ||
		!order.PostTax || order.CreatedAt.Nanosecond() != 123456789 {
		t.Errorf("got the order %+v, want the known fields as received", order)
	}
	if received.Status != http.StatusOK || received.Header.Get("X-New") != "1" ||
		string(received.Body) != body {
		t.Errorf("the raw response is %+v, want the status, headers and body that the server sent", received)
	}
}

func TestMissingFieldsAreNotErrors(t *testing.T) {
	for _, operation := range everyOperation() {
		// If the request names a resource by ID, the response must have the same ID.
		id := someOrder
		switch {
		case strings.Contains(operation.id, "allocation"):
			id = someAllocation
		case strings.Contains(operation.id, "rebalancing"):
			id = someExecution
		}
		least := `{"id": "` + id.String() + `", "account_id": "` + someAccount.String() + `", "data": []}`
		client := respondingClient(t, http.StatusOK, "application/json", least,
			"Upvest-Request-Id", "request")
		if _, err := operation.call(t.Context(), client); err != nil {
			t.Errorf("%s: got the error %v, want none", operation.id, err)
		}
	}
}

func TestByteOrderMarkIsIgnored(t *testing.T) {
	const mark = "\ufeff"
	if err := retrieve(t.Context(), newTestClient(t, success(mark+orderBody))); err != nil {
		t.Errorf("got the error %v for a body with a byte order mark, want success", err)
	}
	body := mark + `{"type": "conflict", "status": 409}`
	client := respondingClient(t, http.StatusConflict, "application/problem+json", body)
	if failure := asError(t, retrieve(t.Context(), client)); failure.Type != "conflict" {
		t.Errorf("the error has the type %q, want \"conflict\"", failure.Type)
	}
}

const maxBody = 32 << 20

// If a body is larger than 32 MiB, the call returns an error, which keeps the first
// 32 MiB.
func TestResponseThatIsTooLarge(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		closed := false
		client := newTestClient(t, func(*http.Request) (*http.Response, error) {
			resp := newResponse(status, "application/json", "", "Upvest-Request-Id", "request")
			resp.ContentLength = -1
			resp.Body = endless{closed: &closed}
			return resp, nil
		})
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		requireText(t, err, "larger than 32 MiB")
		failure := asError(t, err)
		if failure.Status != status || len(failure.Body) != maxBody {
			t.Fatalf("got an error with the status %d and %d bytes of the body, want %d and %d bytes",
				failure.Status, len(failure.Body), status, maxBody)
		}
		if got, want := errors.Is(err, upvest.ErrAccepted), status == http.StatusOK; got != want {
			t.Errorf("after the status %d, errors.Is(err, ErrAccepted) is %t, want %t", status, got, want)
		}
		if len(failure.Attempts) != 1 || !closed {
			t.Errorf("after the status %d, the error lists %d attempts, and the body was closed: %t; "+
				"want one attempt and a closed body", status, len(failure.Attempts), closed)
		}
	}
}

// endless is a body that never ends.
type endless struct{ closed *bool }

var chunk32KiB = bytes.Repeat([]byte("CANARY  "), 4096)

func (endless) Read(p []byte) (int, error) { return copy(p, chunk32KiB), nil }

func (e endless) Close() error {
	*e.closed = true
	return nil
}

func TestResponseOfExactlyTheMaximumSize(t *testing.T) {
	var received upvest.Response
	client := respondingClient(t, http.StatusOK, "", strings.Repeat(" ", maxBody))
	err := client.Orders.Cancel(t.Context(), someOrder, upvest.WithResponse(&received))
	if err != nil || len(received.Body) != maxBody {
		t.Errorf("got the error %v and %d bytes, want success and %d bytes", err, len(received.Body), maxBody)
	}
}

func TestWithResponseChangesNothingIfNoResponseArrives(t *testing.T) {
	client := newTestClient(t, failing(errors.New("reset")), upvest.WithoutRetry())
	received := upvest.Response{Status: 7}
	err := retrieve(t.Context(), client, upvest.WithResponse(&received))
	if err == nil || received.Status != 7 {
		t.Errorf("got the error %v and the response %+v, want an error and an unchanged response",
			err, received)
	}
}

// After a response with the status 101, the connection carries a protocol other than
// HTTP, which the client must not read.
func TestSwitchedProtocolIsNotRead(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go switchProtocols(listener)
	baseURL := "http://" + strings.Replace(listener.Addr().String(), "127.0.0.1", "LOCALHOST", 1)
	client := newServerClient(t, baseURL, upvest.WithTokenSource(staticToken("token")))
	_, err = client.Orders.Create(t.Context(), someOrderRequest())
	requireText(t, err, "protocol")
	requireOutcome(t, err, upvest.OutcomeUnknown)
	failure := asError(t, err)
	if failure.Status != http.StatusSwitchingProtocols {
		t.Errorf("the error has the status %d, want 101", failure.Status)
	}
}

// switchProtocols responds to the first request of each connection with 101, and keeps
// the connection open.
func switchProtocols(listener net.Listener) {
	const response = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nno end"
	var open []net.Conn
	defer func() {
		for _, connection := range open {
			_ = connection.Close()
		}
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		open = append(open, connection)
		if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
			return
		}
		_, _ = io.WriteString(connection, response)
	}
}
