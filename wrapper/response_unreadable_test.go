package wrapper_test

import (
	"cmp"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// unreadableCase is a 2xx response whose body is not as documented.
type unreadableCase struct {
	contentType string // the default is application/json
	body        string
	want        string // a part of the error text
	operations  string // a pattern of operation IDs; the default is *
}

// If the body of a 2xx cannot be read, the server has accepted the write, and the error
// keeps everything that the client received.
func TestSuccessesThatCannotBeRead(t *testing.T) {
	const (
		id             = `"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"`
		unidentified   = "the ID of the resource or the data of the page is missing"
		malformedUUIDs = `{"id": "CANARY", "account_id": "CANARY",
			"data": [{"id": "CANARY", "account_id": "CANARY"}]}`
	)
	for name, test := range map[string]unreadableCase{
		"HTML":    {contentType: "text/html", body: "<html>CANARY</html>", want: "not JSON"},
		"nothing": {want: "the body is empty"},
		"spaces":  {body: " \r\n", want: "the body is empty"},
		"problem": {
			contentType: "application/problem+json",
			body:        `{"type": "CANARY", "status": 500}`,
			want:        "the body is not as documented",
		},
		"null":                   {body: "null", want: unidentified},
		"an empty object":        {body: "{}", want: unidentified},
		"a list":                 {body: "[]", want: "not as documented"},
		"a text":                 {body: `"CANARY"`, want: "not as documented"},
		"a number":               {body: "42", want: "not as documented"},
		"truncated in a text":    {body: `{"id": "CANARY`, want: "breaks off"},
		"truncated after a name": {body: `{"id"`, want: "breaks off"},
		"text after the JSON":    {body: `{} CANARY`, want: "not JSON"},
		"two values":             {body: `{` + id + `}{` + id + `}`, want: "not JSON"},
		"a malformed UUID":       {body: malformedUUIDs, want: "not as documented"},
		"a number for a time": {
			body:       `{` + id + `, "created_at": 1626876600}`,
			want:       "not as documented",
			operations: "retrieve_portfolios_order",
		},
		"an exponent in an amount": {
			body:       `{` + id + `, "cash_amount": 1.1e3}`,
			want:       "cash_amount",
			operations: "retrieve_portfolios_order",
		},
		"an exponent in the amount of a new order": {
			body:       `{` + id + `, "cash_amount": 1.1e3}`,
			want:       "cash_amount",
			operations: "create_portfolios_order",
		},
		"a number for a status": {
			body:       `{` + id + `, "orders": [{"status": 5}]}`,
			want:       "/orders/0/status",
			operations: "create_portfolios_order",
		},
		"a page without rows": {
			body:       `{"meta": {"count": 2, "limit": 100, "total_count": 2}}`,
			want:       "missing",
			operations: "list_portfolios_*",
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			for _, operation := range everyOperation() {
				isMeant, err := path.Match(cmp.Or(test.operations, "*"), operation.id)
				if err != nil {
					t.Fatal(err)
				}
				if isMeant && operation.success != "" {
					calls++
					requireUnreadable(t, operation, test)
				}
			}
			if calls == 0 {
				t.Error("no operation was called")
			}
		})
	}
}

func requireUnreadable(t *testing.T, operation operationCase, test unreadableCase) {
	t.Helper()
	contentType := test.contentType
	if contentType == "" {
		contentType = "application/json"
	}
	t.Run(operation.id, func(t *testing.T) {
		var received upvest.Response
		client := respondingClient(t, http.StatusOK, contentType, test.body,
			"Upvest-Request-Id", "not-a-uuid")
		_, err := operation.call(t.Context(), client, upvest.WithResponse(&received))
		failure := requireReceived(t, err, operation.id, http.StatusOK, test.body)
		if failure.RequestID != "not-a-uuid" || failure.Err == nil || string(received.Body) != test.body {
			t.Errorf("got the request id %q, the cause %v and the body %q; want not-a-uuid, a cause and %q",
				failure.RequestID, failure.Err, received.Body, test.body)
		}
		requireText(t, err, test.want)
		if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("the error quotes the body: %q", err)
		}
		want := upvest.OutcomeNone
		if operation.isWrite() {
			want = upvest.OutcomeAccepted
		}
		requireOutcome(t, err, want)
		if hasKey := failure.IdempotencyKey != uuid.Nil; hasKey != operation.isKeyed() {
			t.Errorf("the idempotency key is %s; the operation needs a key: %t",
				failure.IdempotencyKey, operation.isKeyed())
		}
	})
}

// The client retries after a truncated body, but not after a body that is not JSON,
// because another attempt would receive the same body.
func TestInvalidJSONIsNotATruncatedBody(t *testing.T) {
	for _, body := range []string{orderBody + "x", "x", `{"a":"b"]`} {
		err := retrieve(t.Context(), newTestClient(t, success(body)))
		requireText(t, err, "is not JSON")
		failure := asError(t, err)
		if len(failure.Attempts) != 1 {
			t.Errorf("%.40q: %d attempts, want one: %v", body, len(failure.Attempts), failure)
		}
	}
}

// The client does not copy fields of a 2xx response into the fields of a problem.
func TestSuccessIsNotReadAsAProblem(t *testing.T) {
	body := `{"type": "CANARY", "title": "CANARY", "detail": "CANARY", "other": 1}`
	err := retrieve(t.Context(), newTestClient(t, success(body), upvest.WithoutRetry()))
	failure := asError(t, err)
	if strings.Contains(err.Error(), "CANARY") || failure.Type != "" || failure.Members != nil {
		t.Errorf("the error is %q with the type %q and the fields %v, want no part of the body",
			err, failure.Type, failure.Members)
	}
}

// The client treats a field whose name has another case than documented as unknown.
func TestFieldNamesAreCaseSensitive(t *testing.T) {
	body := strings.Replace(orderBody, "{", `{"Status": "FILLED", "ID": "x", "Cash_Amount": 7, `, 1)
	order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != "PROCESSING" || order.ID != someOrder {
		t.Errorf("got %+v, want the order as documented", order)
	}
}
