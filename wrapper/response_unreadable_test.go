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
	// a pattern for the IDs of the operations to call; the default is *
	operations string
}

// If the body of a 2xx response cannot be read, the error keeps everything that the
// client received. If the call was a write, its outcome is accepted, because the response
// has a request ID.
func TestSuccessesThatCannotBeRead(t *testing.T) {
	const (
		id             = `"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"`
		unidentified   = "the ID of the resource or the data of the page is missing"
		malformedUUIDs = `{"id": "CANARY", "account_id": "CANARY",
			"data": [{"id": "CANARY", "account_id": "CANARY"}]}`
	)
	for name, test := range map[string]unreadableCase{
		"HTML":          {contentType: "text/html", body: "<html>CANARY</html>", want: "not JSON"},
		"an empty body": {want: "the body is empty"},
		"only spaces":   {body: " \r\n", want: "the body is empty"},
		"a problem document": {
			contentType: "application/problem+json",
			body:        `{"type": "CANARY", "status": 500}`,
			want:        "the body is not as documented",
		},
		"null":                      {body: "null", want: unidentified},
		"an empty object":           {body: "{}", want: unidentified},
		"a list":                    {body: "[]", want: "not as documented"},
		"a string":                  {body: `"CANARY"`, want: "not as documented"},
		"a number":                  {body: "42", want: "not as documented"},
		"truncated inside a string": {body: `{"id": "CANARY`, want: "breaks off"},
		"truncated after a name":    {body: `{"id"`, want: "breaks off"},
		"text after the JSON":       {body: `{} CANARY`, want: "not JSON"},
		"two values":                {body: `{` + id + `}{` + id + `}`, want: "not JSON"},
		"a malformed UUID":          {body: malformedUUIDs, want: "not as documented"},
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
				t.Error("the test called no operation, want at least one")
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
			t.Errorf("got the request ID %q, the cause %v and the body %q; "+
				"want the request ID \"not-a-uuid\", a cause and the body %q",
				failure.RequestID, failure.Err, received.Body, test.body)
		}
		requireText(t, err, test.want)
		if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("the error %q quotes the body, want no part of it", err)
		}
		want := upvest.OutcomeNone
		if operation.isWrite() {
			want = upvest.OutcomeAccepted
		}
		requireOutcome(t, err, want)
		if hasKey := failure.IdempotencyKey != uuid.Nil; hasKey != operation.isKeyed() {
			t.Errorf("the error has the idempotency key %s, want a key: %t",
				failure.IdempotencyKey, operation.isKeyed())
		}
	})
}

// The client retries after a truncated body, but not after a body that is not JSON,
// because the next attempt would probably receive the same body.
func TestInvalidJSONIsNotRetried(t *testing.T) {
	for _, body := range []string{orderBody + "x", "x", `{"a":"b"]`} {
		err := retrieve(t.Context(), newTestClient(t, success(body)))
		requireText(t, err, "is not JSON")
		failure := asError(t, err)
		if len(failure.Attempts) != 1 {
			t.Errorf("after the body %.40q, the error lists %d attempts, want one: %v",
				body, len(failure.Attempts), failure)
		}
	}
}

// A 2xx response is not a problem document, so the client must not copy the fields of its
// body into the error.
func TestSuccessIsNotReadAsAProblem(t *testing.T) {
	body := `{"type": "CANARY", "title": "CANARY", "detail": "CANARY", "other": 1}`
	err := retrieve(t.Context(), newTestClient(t, success(body), upvest.WithoutRetry()))
	failure := asError(t, err)
	if strings.Contains(err.Error(), "CANARY") || failure.Type != "" || failure.Members != nil {
		t.Errorf("got the error %q with the type %q and the fields %v, want no part of the body",
			err, failure.Type, failure.Members)
	}
}

// Field names are case-sensitive: the client treats "Status" as an unknown field, not as
// the documented field "status".
func TestFieldNamesAreCaseSensitive(t *testing.T) {
	body := strings.Replace(orderBody, "{", `{"Status": "FILLED", "ID": "x", "Cash_Amount": 7, `, 1)
	order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != "PROCESSING" || order.ID != someOrder {
		t.Errorf("got the order %+v, want only the values of the fields with documented names", order)
	}
}
