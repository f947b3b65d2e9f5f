package wrapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// answering makes a client whose calls all get one answer, and are not repeated.
func answering(t *testing.T, status int, contentType, body string, header ...string) *upvest.Client {
	t.Helper()
	return newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(status, contentType, body, header...), nil
	}, upvest.WithoutRetry())
}

// requireError is errors.As for an error that has to be an *Error, with the answer in it
// as it was received.
func requireError(t *testing.T, err error, operation string, status int, body string) *upvest.Error {
	t.Helper()
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if failure.Operation != operation || failure.Status != status || string(failure.Body) != body {
		t.Errorf("got operation %q, status %d, body %q; want %q, %d, %q",
			failure.Operation, failure.Status, failure.Body, operation, status, body)
	}
	return failure
}

func TestEveryOperationReadsItsAnswer(t *testing.T) {
	for _, operation := range everyOperation() {
		for _, status := range []int{200, 201, 202, 203, 226, 299} {
			t.Run(fmt.Sprintf("%s/%d", operation.id, status), func(t *testing.T) {
				value, err := operation.call(t.Context(), answering(t, status, "application/json", operation.success))
				if err != nil {
					t.Fatal(err)
				}
				if value == nil && operation.success == "" {
					return
				}
				// Through our types and back, the answer says the same but for the blanks
				// and the forms of a date and of an empty id.
				encoded, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.NewReplacer(`.000Z"`, `Z"`, `.00Z"`, `Z"`, `"allocation_id": "",`, "").Replace(operation.success)
				if !sameJSON(t, string(encoded), want) {
					t.Errorf("the value is %s, want %s", encoded, want)
				}
			})
		}
	}
}

func sameJSON(t *testing.T, first, second string) bool {
	t.Helper()
	var a, b any
	if err := errors.Join(json.Unmarshal([]byte(first), &a), json.Unmarshal([]byte(second), &b)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(a, b)
}

func TestDocumentedLiquidation(t *testing.T) {
	order, err := answering(t, http.StatusOK, "application/json", liquidationBody).
		Orders.CreateLiquidationRequest(t.Context(), someAccount, portfolios.LiquidationRequest{UserID: someUser})
	if err != nil {
		t.Fatal(err)
	}
	if !order.AllocationID.IsZero() || order.Type != portfolios.OrderTypeLIQUIDATION || order.CashAmount != "1000" || order.Orders == nil {
		t.Errorf("got %+v", order)
	}
}

func TestDocumentedListWithAWrongCount(t *testing.T) {
	body := `{"data": [` + configurationBody + `, ` + configurationBody + `],
		"meta": {"count": 1, "limit": 100, "offset": 0, "order": "ASC", "sort": "account_id", "total_count": 1}}`
	list, err := answering(t, http.StatusOK, "application/json", body).
		Configurations.List(t.Context(), portfolios.ListPortfoliosConfigurationsParams{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Data) != 2 || list.Meta.Count != 1 || list.Meta.Sort != "account_id" {
		t.Errorf("got %d rows, meta %+v", len(list.Data), list.Meta)
	}
}

func TestCancelTakesEverySuccess(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 226, 299} {
		for _, body := range []string{"", orderBody, "{}", "null", `"done"`, `{"maintenance": true}`} {
			if status == 204 && body != "" {
				continue
			}
			for _, header := range [][]string{{"Upvest-Request-Id", "request"}, nil} {
				var received upvest.Response
				client := answering(t, status, "application/json", body, header...)
				err := client.Orders.Cancel(t.Context(), someOrder, upvest.WithResponse(&received))
				believed := header != nil || body == "" || body == orderBody
				if (err == nil) != believed || !believed && !errors.Is(err, upvest.ErrOutcomeUnknown) {
					t.Errorf("%d %q with the header %q: %v", status, body, header, err)
				}
				if received.Status != status || string(received.Body) != body {
					t.Errorf("got the response %d %q", received.Status, received.Body)
				}
			}
		}
	}
}

// A body that is no JSON did not come from Upvest, or not whole.
func TestCancelReportsABodyThatIsNoJSON(t *testing.T) {
	for _, body := range []string{"<html>CANARY</html>", `{"id": "CANARY`, "CANARY"} {
		err := answering(t, http.StatusOK, "text/html", body, "Upvest-Request-Id", "r-1").Orders.Cancel(t.Context(), someOrder)
		failure := requireError(t, err, "cancel_portfolios_order", http.StatusOK, body)
		if !errors.Is(err, upvest.ErrAccepted) || failure.RequestID != "r-1" || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestErrorsAsServersAndProxiesSendThem(t *testing.T) {
	const html = "<html><title>502 Bad Gateway</title><center>cloudflare</center></html>"
	type raw = map[string]string // members of a problem as they came
	type want struct {
		typ, title, detail, instance, requestID, ray string
		members                                      raw
	}
	for name, test := range map[string]struct {
		status            int
		contentType, body string
		header            []string
		want              want
	}{
		"a bare word": {
			status: 404, contentType: "application/problem+json", body: `{"status": 404, "type": "not_found"}`, want: want{typ: "not_found"},
		},
		"a URL": {
			status: 409, contentType: "application/problem+json; charset=utf-8",
			body: `{"type": "https://docs.upvest.co/errors/conflict", "title": "Conflict", "status": 409,
				"detail": "not available for current status", "instance": "https://logs.upvest.co/1",
				"request_id": "fb6ef9d0-9b7d-4f0c-9d0f-3d3f1d5c9a10"}`,
			want: want{
				typ: "https://docs.upvest.co/errors/conflict", title: "Conflict", detail: "not available for current status",
				instance: "https://logs.upvest.co/1", requestID: "fb6ef9d0-9b7d-4f0c-9d0f-3d3f1d5c9a10",
			},
		},
		"details": {
			status: 400, contentType: "application/problem+json",
			body: `{"type": "https://docs.upvest.co/errors/invalid_request", "status": 400, "title": "Invalid",
				"details": "weights sum to 0.9"}`,
			want: want{typ: "https://docs.upvest.co/errors/invalid_request", title: "Invalid", detail: "weights sum to 0.9"},
		},
		"detail and details": {
			status: 400, body: `{"type": "x", "detail": "first", "details": "second"}`,
			want: want{typ: "x", detail: "first", members: raw{"details": `"second"`}},
		},
		"unknown members": {
			status: 422, body: `{"type": "x", "status": 422, "errors": [{"field": "weight"}], "retry": false}`,
			want: want{typ: "x", members: raw{"errors": `[{"field": "weight"}]`, "retry": "false"}},
		},
		"a status as text": {
			status: 400, body: `{"type": "x", "status": "400"}`,
			want: want{typ: "x", members: raw{"status": `"400"`}},
		},
		"a status of another": {
			status: 502, body: `{"type": "x", "status": 400}`,
			want: want{typ: "x", members: raw{"status": "400"}},
		},
		"a status with fraction": {
			status: 400, body: `{"type": "x", "status": 400.5}`,
			want: want{typ: "x", members: raw{"status": "400.5"}},
		},
		"a detail as object": {
			status: 400, body: `{"type": "x", "detail": {"field": "weight"}}`,
			want: want{typ: "x", members: raw{"detail": `{"field": "weight"}`}},
		},
		"a detail as number": {
			status: 400,
			body:   `{"type": "x", "detail": 7}`,
			want:   want{typ: "x", members: raw{"detail": "7"}},
		},
		"a detail as null": {
			status: 400, body: `{"type": "x", "detail": null}`,
			want: want{typ: "x", members: raw{"detail": "null"}},
		},
		"a type as list": {
			status: 400, body: `{"type": ["x"], "title": "t"}`,
			want: want{title: "t", members: raw{"type": `["x"]`}},
		},
		"details as list": {
			status: 400, body: `{"type": "x", "details": ["a", "b"]}`, want: want{typ: "x", members: raw{"details": `["a", "b"]`}},
		},
		"a request id in the header": {
			status: 500, body: `{"type": "x", "request_id": "body"}`, header: []string{"upvest-request-id", "header"},
			want: want{typ: "x", requestID: "header"},
		},
		"a request id in the body": {
			status: 500, body: `{"type": "x", "request_id": "body"}`,
			want: want{typ: "x", requestID: "body"},
		},
		"a request id that is no UUID": {
			status: 500, header: []string{"Upvest-Request-Id", "not-a-uuid/7"},
			want: want{requestID: "not-a-uuid/7"},
		},
		"a request id of another type": {
			status: 500,
			body:   `{"request_id": 7}`,
			want:   want{members: raw{"request_id": "7"}},
		},
		"502 of Cloudflare": {
			status:      502,
			contentType: "text/html; charset=UTF-8",
			body:        html,
			header:      []string{"Cf-Ray", "7d1f-FRA"},
			want:        want{ray: "7d1f-FRA"},
		},
		"403 of Cloudflare": {
			status:      403,
			contentType: "text/html",
			body:        "<html>blocked</html>",
			header:      []string{"CF-RAY", "7d1f-FRA"},
			want:        want{ray: "7d1f-FRA"},
		},
		"a problem with a wrong type": {
			status:      404,
			contentType: "text/plain",
			body:        `{"type": "not_found", "status": 404}`,
			want:        want{typ: "not_found"},
		},
		"an empty body": {
			status: 503,
			header: []string{"Upvest-Request-Id", "r-1"},
			want:   want{requestID: "r-1"},
		},
		"a truncated problem": {
			status:      500,
			contentType: "application/problem+json",
			body:        `{"type": "internal", "deta`,
			want:        want{},
		},
		"a list": {
			status:      400,
			contentType: "application/problem+json",
			body:        `[{"type": "x"}]`,
			want:        want{},
		},
		"a text": {
			status:      400,
			contentType: "application/json",
			body:        `"bad request"`,
			want:        want{},
		},
		"null": {
			status:      400,
			contentType: "application/json",
			body:        `null`,
			want:        want{},
		},
		"a text in error": {
			status:      400,
			contentType: "application/json",
			body:        `{"error": "text"}`,
			want:        want{members: raw{"error": `"text"`}},
		},
		"an undeclared status": {
			status:      418,
			contentType: "text/plain",
			body:        "short and stout",
			want:        want{},
		},
		"426": {
			status: 426,
			body:   `{"status": 426, "type": "upgrade_required"}`,
			want:   want{typ: "upgrade_required"},
		},
		"a status that does not exist": {status: 599, body: "?", want: want{}},
		"a body of bytes that are no text": {
			status:      500,
			contentType: "application/octet-stream",
			body:        "\xff\xfe\x00",
			want:        want{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, operation := range everyOperation() {
				var received upvest.Response
				client := answering(t, test.status, test.contentType, test.body, test.header...)
				_, err := operation.call(t.Context(), client, upvest.WithResponse(&received))
				failure := requireError(t, err, operation.id, test.status, test.body)
				members := map[string]string{}
				for name, value := range failure.Members {
					members[name] = string(value)
				}
				if test.want.members == nil {
					test.want.members = map[string]string{}
				}
				got := want{typ: failure.Type, title: failure.Title, detail: failure.Detail, instance: failure.Instance, requestID: failure.RequestID, ray: failure.CFRay, members: members}
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("%s: got %+v, want %+v", operation.id, got, test.want)
				}
				if received.Status != test.status || string(received.Body) != test.body {
					t.Errorf("%s: the raw response is %d %q", operation.id, received.Status, received.Body)
				}
				if failure.Err != nil || len(failure.Attempts) != 1 || failure.Attempts[0].Status != test.status {
					t.Errorf("%s: cause %v, attempts %+v", operation.id, failure.Err, failure.Attempts)
				}
				wantOutcome := upvest.OutcomeNone
				if operation.isWrite() {
					wantOutcome = map[bool]upvest.Outcome{true: upvest.OutcomeRefused, false: upvest.OutcomeUnknown}[test.status < 500]
				}
				if failure.Outcome != wantOutcome || errors.Is(err, upvest.ErrOutcomeUnknown) != (wantOutcome == upvest.OutcomeUnknown) {
					t.Errorf("%s: the outcome is %q, want %q", operation.id, failure.Outcome, wantOutcome)
				}
				text := err.Error()
				if !strings.HasPrefix(text, fmt.Sprintf("%s: %d", operation.id, test.status)) || strings.ContainsAny(text, "\n<{") {
					t.Errorf("%s: the text is %q", operation.id, text)
				}
			}
		})
	}
}

func TestErrorKindsGoByStatus(t *testing.T) {
	kinds := map[int]error{
		400: upvest.ErrBadRequest, 401: upvest.ErrUnauthorized, 403: upvest.ErrForbidden, 404: upvest.ErrNotFound,
		405: upvest.ErrMethodNotAllowed, 406: upvest.ErrNotAcceptable, 409: upvest.ErrConflict, 422: upvest.ErrUnprocessable,
		426: upvest.ErrUpgradeRequired, 429: upvest.ErrTooManyRequests, 500: upvest.ErrInternal, 502: upvest.ErrBadGateway,
		503: upvest.ErrServiceUnavailable, 504: upvest.ErrGatewayTimeout,
	}
	for status := range kinds {
		// Every 503 of the documentation has the type of a 405.
		for _, typ := range []string{"method_not_allowed", "https://docs.upvest.co/errors/not_found"} {
			client := answering(t, status, "application/problem+json", fmt.Sprintf(`{"type": %q, "status": 404}`, typ))
			_, err := client.Allocations.Retrieve(t.Context(), someAllocation)
			err = fmt.Errorf("wrapped: %w", err)
			for other, kind := range kinds {
				if errors.Is(err, kind) != (other == status) {
					t.Errorf("%d with the type %s: errors.Is of %v is %t", status, typ, kind, other != status)
				}
			}
		}
	}
}

// A 2xx that cannot be read is no failure of the server: the write was accepted, and all
// that came is kept.
func TestSuccessesThatCannotBeRead(t *testing.T) {
	const id = `"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"`
	for name, test := range map[string]struct {
		contentType, body string
		want              string
		ops               string // part of the operations' ids; all if empty
	}{
		"HTML":    {contentType: "text/html", body: "<html>CANARY</html>", want: "not JSON"},
		"nothing": {contentType: "application/json", want: "the body is empty"},
		"blanks":  {contentType: "application/json", body: " \r\n", want: "the body is empty"},
		"null": {
			contentType: "application/json",
			body:        "null",
			want:        "what identifies the resource is missing",
		},
		"an empty object": {
			contentType: "application/json",
			body:        "{}",
			want:        "what identifies the resource is missing",
		},
		"a problem": {
			contentType: "application/problem+json",
			body:        `{"type": "CANARY", "status": 500}`,
			want:        "the body does not fit",
		},
		"a list":           {contentType: "application/json", body: "[]", want: "does not fit"},
		"a text":           {contentType: "application/json", body: `"CANARY"`, want: "does not fit"},
		"a number":         {contentType: "application/json", body: "42", want: "does not fit"},
		"cut JSON":         {contentType: "application/json", body: `{"id": "CANARY`, want: "breaks off"},
		"cut after a name": {contentType: "application/json", body: `{"id"`, want: "breaks off"},
		"more than JSON":   {contentType: "application/json", body: `{} CANARY`, want: "not JSON"},
		"two values": {
			contentType: "application/json",
			body:        `{` + id + `}{` + id + `}`,
			want:        "not JSON",
		},
		"a malformed UUID": {
			contentType: "application/json", body: `{"id": "CANARY", "account_id": "CANARY", "data": [{"id": "CANARY", "account_id": "CANARY"}]}`, want: "does not fit",
		},
		"a number for a date": {
			contentType: "application/json",
			body:        `{` + id + `, "created_at": 1626876600}`,
			want:        "does not fit",
			ops:         "retrieve_portfolios_order",
		},
		"a number for money": {
			contentType: "application/json",
			body:        `{` + id + `, "cash_amount": 1000.10}`,
			want:        "cash_amount",
			ops:         "retrieve_portfolios_order",
		},
		"a number in an order": {
			contentType: "application/json",
			body:        `{` + id + `, "cash_amount": 1000.10}`,
			want:        "cash_amount",
			ops:         "create_portfolios_order",
		},
		"an object for a list": {
			contentType: "application/json",
			body:        `{` + id + `, "orders": {}}`,
			want:        "orders",
			ops:         "create_portfolios_order",
		},
		"a list without rows": {
			contentType: "application/json",
			body:        `{"meta": {"count": 2, "limit": 100, "total_count": 2}}`,
			want:        "missing",
			ops:         "list_portfolios",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tried := 0
			for _, operation := range everyOperation() {
				if !strings.Contains(operation.id, test.ops) || operation.success == "" {
					continue
				}
				tried++
				var received upvest.Response
				client := answering(t, http.StatusOK, test.contentType, test.body, "Upvest-Request-Id", "not-a-uuid")
				_, err := operation.call(t.Context(), client, upvest.WithResponse(&received))
				failure := requireError(t, err, operation.id, http.StatusOK, test.body)
				if failure.RequestID != "not-a-uuid" || failure.Err == nil || string(received.Body) != test.body {
					t.Errorf("%s: request id %q, cause %v, raw response %q", operation.id, failure.RequestID, failure.Err, received.Body)
				}
				if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "CANARY") {
					t.Errorf("%s: the text is %q, want %q in it and nothing of the body", operation.id, err, test.want)
				}
				if accepted := errors.Is(err, upvest.ErrAccepted); accepted != operation.isWrite() {
					t.Errorf("%s: errors.Is(err, ErrAccepted) is %t", operation.id, accepted)
				}
				if errors.Is(err, upvest.ErrOutcomeUnknown) {
					t.Errorf("%s: an accepted write counts as unknown", operation.id)
				}
				keyed := operation.method == http.MethodPost || operation.method == http.MethodPatch
				if hasKey := failure.IdempotencyKey != uuid.Nil; hasKey != keyed {
					t.Errorf("%s: there is an idempotency key: %t", operation.id, hasKey)
				}
			}
			if tried == 0 {
				t.Error("no operation was tried")
			}
		})
	}
}

// Of an answer that is too large for memory a bounded part is kept.
func TestAnswerThatIsTooLarge(t *testing.T) {
	const limit = 32 << 20
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		closed := false
		client := newTestClient(t, func(*http.Request) (*http.Response, error) {
			resp := answer(status, "application/json", "", "Upvest-Request-Id", "request")
			resp.ContentLength = -1
			resp.Body = endless{&closed}
			return resp, nil
		})
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		var failure *upvest.Error
		if !errors.As(err, &failure) || failure.Status != status || len(failure.Body) != limit {
			t.Fatalf("%d: got %v, want an *Error with 32 MiB of the body", status, err)
		}
		if !strings.Contains(err.Error(), "larger than 32 MiB") || errors.Is(err, upvest.ErrAccepted) != (status == http.StatusOK) {
			t.Errorf("%d: got %v", status, err)
		}
		if len(failure.Attempts) != 1 || !closed {
			t.Errorf("%d: %d attempts, body closed: %t", status, len(failure.Attempts), closed)
		}
	}
}

// endless is a body that never ends.
type endless struct{ closed *bool }

var fewKiB = bytes.Repeat([]byte("CANARY  "), 4096)

func (endless) Read(p []byte) (int, error) { return copy(p, fewKiB), nil }

func (e endless) Close() error {
	*e.closed = true
	return nil
}

// Exactly at the limit there is nothing to complain about.
func TestAnswerAtTheLimit(t *testing.T) {
	var received upvest.Response
	client := answering(t, http.StatusOK, "", strings.Repeat(" ", 32<<20))
	err := client.Orders.Cancel(t.Context(), someOrder, upvest.WithResponse(&received))
	if err != nil || len(received.Body) != 32<<20 {
		t.Errorf("got %v and %d bytes", err, len(received.Body))
	}
}

func TestErrorBodyThatBreaksOff(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		resp := answer(http.StatusConflict, "application/problem+json", "", "Upvest-Request-Id", "r-1")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"type": "CANARY`), failingReader{}))
		return resp, nil
	})
	_, err := client.Orders.Create(t.Context(), someOrderRequest())
	failure := requireError(t, err, "create_portfolios_order", http.StatusConflict, `{"type": "CANARY`)
	if !errors.Is(err, upvest.ErrConflict) || failure.Outcome != upvest.OutcomeRefused || failure.RequestID != "r-1" {
		t.Errorf("got %#v with the outcome %q", err, failure.Outcome)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "breaks off") || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("the text is %q", err)
	}
}

func TestNewerServersAreUnderstood(t *testing.T) {
	body := `{
		"account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3", "cash_amount": "123456789012345678901234567890.123456789012345678901234567",
		"created_at": "2021-07-21T16:10:00.123456789+02:00", "currency": "GBP", "id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
		"orders": [{"id": "b291d8a4-21f5-4c52-8590-4f90ce54d0b1", "side": "SWAP", "status": "HELD", "price": {"amount": "1"}}],
		"post_tax": true, "status": "SETTLED", "type": "DIVIDEND", "updated_at": "2021-07-21T14:10:00Z",
		"client_reference": "abc", "cancellation_details": null, "user_id": "2a1f0c5e-6d3b-4e8f-9a7c-1b2d3e4f5a6b"
	}`
	var received upvest.Response
	client := answering(t, http.StatusOK, "application/json", body, "X-New", "1")
	order, err := client.Orders.Retrieve(t.Context(), someOrder, upvest.WithResponse(&received))
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != "SETTLED" || order.Type != "DIVIDEND" || order.Currency != "GBP" ||
		order.Orders[0].Side != "SWAP" || order.Orders[0].Status != "HELD" {
		t.Errorf("unknown values of enumerations became %+v", order)
	}
	if order.CashAmount != "123456789012345678901234567890.123456789012345678901234567" {
		t.Errorf("the amount became %s", order.CashAmount)
	}
	if order.UserID != api.OptionalUUID(someUser) || !order.AllocationID.IsZero() ||
		!order.PostTax || order.CreatedAt.Nanosecond() != 123456789 {
		t.Errorf("got %+v", order)
	}
	if received.Status != http.StatusOK || received.Header.Get("X-New") != "1" || string(received.Body) != body {
		t.Errorf("the raw response is %+v", received)
	}
}

func TestMissingFieldsAreNoFailure(t *testing.T) {
	for _, operation := range everyOperation() {
		const least = `{"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c", "account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3", "data": []}`
		if _, err := operation.call(t.Context(), answering(t, http.StatusOK, "application/json", least)); err != nil {
			t.Errorf("%s: %v", operation.id, err)
		}
	}
}

func TestResponseStaysAsItIsWithoutAnAnswer(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") }, upvest.WithoutRetry())
	received := upvest.Response{Status: 7}
	if _, err := client.Orders.Retrieve(t.Context(), someOrder, upvest.WithResponse(&received)); err == nil || received.Status != 7 {
		t.Errorf("got %v and the response %+v", err, received)
	}
}

func TestErrorTextStaysOneBoundedLine(t *testing.T) {
	detail := "line one\nline two\x1b[31m" + strings.Repeat("é", 10_000)
	body, err := json.Marshal(map[string]string{"type": "x", "detail": detail, "title": "a\r\nb", "request_id": "r\n1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = answering(t, http.StatusBadRequest, "application/problem+json", string(body)).Orders.Retrieve(t.Context(), someOrder)
	if failure := requireError(t, err, "retrieve_portfolios_order", http.StatusBadRequest, string(body)); failure.Detail != detail {
		t.Error("the field Detail is not as received")
	}
	if text := err.Error(); strings.ContainsAny(text, "\r\n\x1b") || len(text) > 3000 || !strings.Contains(text, "[request r 1]") {
		t.Errorf("the text is %.300q, %d bytes", text, len(text))
	}
}

// Some servers write null for a page without rows.
func TestNullIsAnEmptyPage(t *testing.T) {
	client := answering(t, http.StatusOK, "application/json", `{"data": null, "meta": {"count": 0, "limit": 100, "offset": 0, "total_count": 0}}`)
	for name, list := range map[string]func() (int, error){
		"allocations": func() (int, error) {
			page, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
			return len(page.Data), err
		},
		"configurations": func() (int, error) {
			page, err := client.Configurations.List(t.Context(), portfolios.ListPortfoliosConfigurationsParams{})
			return len(page.Data), err
		},
		"orders": func() (int, error) {
			page, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{})
			return len(page.Data), err
		},
	} {
		if rows, err := list(); rows != 0 || err != nil {
			t.Errorf("%s: got %d rows and %v, want an empty page", name, rows, err)
		}
	}
}

func TestJoinedProblemsAreSeparated(t *testing.T) {
	_, err := answering(t, http.StatusOK, "", "").Orders.Create(t.Context(), portfolios.OrderRequest{})
	if text := fmt.Sprint(err); strings.Count(text, "; ") != 4 || strings.Contains(text, "\n") {
		t.Errorf("the text is %q, want five problems with semicolons between them", text)
	}
}

func TestByteOrderMarkIsPassedOver(t *testing.T) {
	const mark = "\ufeff"
	if order, err := answering(t, http.StatusOK, "application/json", mark+orderBody).Orders.Retrieve(t.Context(), someOrder); err != nil {
		t.Errorf("got %v and %v", order, err)
	}
	_, err := answering(t, http.StatusConflict, "application/problem+json", mark+`{"type": "conflict", "status": 409}`).
		Orders.Retrieve(t.Context(), someOrder)
	if failure := asError(t, err); failure.Type != "conflict" {
		t.Errorf("the type is %q", failure.Type)
	}
}

func TestOneByteTooManyIsNoBodyThatBreaksOff(t *testing.T) {
	for _, body := range []string{orderBody + "x", "x", `{"a":"b"]`} {
		_, err := answering(t, http.StatusOK, "application/json", body).Orders.Retrieve(t.Context(), someOrder)
		if failure := asError(t, err); len(failure.Attempts) != 1 || !strings.Contains(err.Error(), "is not JSON") {
			t.Errorf("%.40q: %d attempts, %v", body, len(failure.Attempts), err)
		}
	}
}

// A success that cannot be read is no problem, whatever its members are called.
func TestSuccessIsNotReadAsAProblem(t *testing.T) {
	_, err := answering(t, http.StatusOK, "application/json", `{"type": "CANARY", "title": "CANARY", "detail": "CANARY", "other": 1}`).
		Orders.Retrieve(t.Context(), someOrder)
	if failure := asError(t, err); strings.Contains(err.Error(), "CANARY") || failure.Type != "" || failure.Members != nil {
		t.Errorf("the text is %q, type %q and members %v", err, failure.Type, failure.Members)
	}
}

func TestTitleThatOnlyRepeatsTheStatusIsLeftOut(t *testing.T) {
	body := `{"type": "conflict", "status": 409, "title": "Conflict", "detail": "not available for current status"}`
	_, err := answering(t, http.StatusConflict, "application/problem+json", body).Orders.Retrieve(t.Context(), someOrder)
	if want := "retrieve_portfolios_order: 409 Conflict: not available for current status"; err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
}
