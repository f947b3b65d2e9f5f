package wrapper_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// errorCase is an error response that a server or a proxy may send.
type errorCase struct {
	// unproven is set for a status below 500 if nothing shows whether the API or a proxy
	// sent the response.
	unproven    bool
	status      int
	contentType string
	body        string
	header      []string
	want        errorFields
}

// errorFields are the fields of an *Error that come from a response.
type errorFields struct {
	typ       string
	title     string
	detail    string
	instance  string
	requestID string
	cfRay     string
	members   rawMembers
}

// rawMembers maps the names of the problem fields that *Error does not cover to their
// values as received.
type rawMembers map[string]string

func fieldsOf(failure *upvest.Error) errorFields {
	fields := errorFields{
		typ:       failure.Type,
		title:     failure.Title,
		detail:    failure.Detail,
		instance:  failure.Instance,
		requestID: failure.RequestID,
		cfRay:     failure.CFRay,
	}
	for name, value := range failure.Members {
		if fields.members == nil {
			fields.members = rawMembers{}
		}
		fields.members[name] = string(value)
	}
	return fields
}

func TestErrorsContainTheFieldsOfProblemDocuments(t *testing.T) {
	for name, test := range map[string]errorCase{
		"a type that is a bare word": {
			status:      404,
			contentType: "application/problem+json",
			body:        `{"status": 404, "type": "not_found"}`,
			want:        errorFields{typ: "not_found"},
		},
		"a type that is a URL": {
			status:      409,
			contentType: "application/problem+json; charset=utf-8",
			body: `{"type": "https://docs.upvest.co/errors/conflict", "title": "Conflict", "status": 409,
				"detail": "not available for current status", "instance": "https://logs.upvest.co/1",
				"request_id": "fb6ef9d0-9b7d-4f0c-9d0f-3d3f1d5c9a10"}`,
			want: errorFields{
				typ:       "https://docs.upvest.co/errors/conflict",
				title:     "Conflict",
				detail:    "not available for current status",
				instance:  "https://logs.upvest.co/1",
				requestID: "fb6ef9d0-9b7d-4f0c-9d0f-3d3f1d5c9a10",
			},
		},
		"details instead of detail": {
			status:      400,
			contentType: "application/problem+json",
			body: `{"type": "https://docs.upvest.co/errors/invalid_request", "status": 400,
				"title": "Invalid", "details": "weights sum to 0.9"}`,
			want: errorFields{
				typ:    "https://docs.upvest.co/errors/invalid_request",
				title:  "Invalid",
				detail: "weights sum to 0.9",
			},
		},
		"both detail and details": {
			status: 400,
			body:   `{"type": "x", "detail": "first", "details": "second"}`,
			want:   errorFields{typ: "x", detail: "first", members: rawMembers{"details": `"second"`}},
		},
		"unknown fields": {
			status: 422,
			body:   `{"type": "x", "status": 422, "errors": [{"field": "weight"}], "retry": false}`,
			want: errorFields{
				typ:     "x",
				members: rawMembers{"errors": `[{"field": "weight"}]`, "retry": "false"},
			},
		},
		"a problem that is sent as plain text": {
			status:      404,
			contentType: "text/plain",
			body:        `{"type": "not_found", "status": 404}`,
			want:        errorFields{typ: "not_found"},
		},
		"a request ID in the header": {
			status: 500,
			body:   `{"type": "x", "request_id": "body"}`,
			header: []string{"upvest-request-id", "header"},
			want:   errorFields{typ: "x", requestID: "header"},
		},
		"a request ID in the body": {
			status: 500,
			body:   `{"type": "x", "request_id": "body"}`,
			want:   errorFields{typ: "x", requestID: "body"},
		},
		"a 426": {
			status: 426,
			body:   `{"status": 426, "type": "upgrade_required"}`,
			want:   errorFields{typ: "upgrade_required"},
		},
	} {
		t.Run(name, func(t *testing.T) { requireErrors(t, test) })
	}
}

// If a field of a problem has an undocumented type, its value is in Members, and not in
// the corresponding field of the *Error. The same applies to a status that differs from
// the status of the response.
func TestErrorsKeepMalformedFieldsInMembers(t *testing.T) {
	for name, test := range map[string]errorCase{
		"status is a string": {
			status: 400,
			body:   `{"type": "x", "status": "400"}`,
			want:   errorFields{typ: "x", members: rawMembers{"status": `"400"`}},
		},
		"status differs from that of the response": {
			status: 502,
			body:   `{"type": "x", "status": 400}`,
			want:   errorFields{typ: "x", members: rawMembers{"status": "400"}},
		},
		"status has a fraction": {
			status: 400,
			body:   `{"type": "x", "status": 400.5}`,
			want:   errorFields{typ: "x", members: rawMembers{"status": "400.5"}},
		},
		"detail is an object": {
			status: 400,
			body:   `{"type": "x", "detail": {"field": "weight"}}`,
			want:   errorFields{typ: "x", members: rawMembers{"detail": `{"field": "weight"}`}},
		},
		"detail is a number": {
			status: 400,
			body:   `{"type": "x", "detail": 7}`,
			want:   errorFields{typ: "x", members: rawMembers{"detail": "7"}},
		},
		"detail is null": {
			status: 400,
			body:   `{"type": "x", "detail": null}`,
			want:   errorFields{typ: "x", members: rawMembers{"detail": "null"}},
		},
		"type is a list": {
			unproven: true,
			status:   400,
			body:     `{"type": ["x"], "title": "t"}`,
			want:     errorFields{title: "t", members: rawMembers{"type": `["x"]`}},
		},
		"details is a list": {
			status: 400,
			body:   `{"type": "x", "details": ["a", "b"]}`,
			want:   errorFields{typ: "x", members: rawMembers{"details": `["a", "b"]`}},
		},
		"request_id is a number": {
			status: 500,
			body:   `{"request_id": 7}`,
			want:   errorFields{members: rawMembers{"request_id": "7"}},
		},
		"error is a string": {
			unproven: true,
			status:   400,
			body:     `{"error": "text"}`,
			want:     errorFields{members: rawMembers{"error": `"text"`}},
		},
	} {
		test.contentType = "application/problem+json"
		t.Run(name, func(t *testing.T) { requireErrors(t, test) })
	}
}

func TestErrorsOfResponsesWithoutAProblemDocument(t *testing.T) {
	for name, test := range map[string]errorCase{
		"a request ID that is not a UUID": {
			status: 500,
			header: []string{"Upvest-Request-Id", "not-a-uuid/7"},
			want:   errorFields{requestID: "not-a-uuid/7"},
		},
		"a 502 from Cloudflare": {
			status:      502,
			contentType: "text/html; charset=UTF-8",
			body:        "<html><title>502 Bad Gateway</title><center>cloudflare</center></html>",
			header:      []string{"Cf-Ray", "7d1f-FRA"},
			want:        errorFields{cfRay: "7d1f-FRA"},
		},
		"a 403 from Cloudflare": {
			unproven:    true,
			status:      403,
			contentType: "text/html",
			body:        "<html>blocked</html>",
			header:      []string{"CF-RAY", "7d1f-FRA"},
			want:        errorFields{cfRay: "7d1f-FRA"},
		},
		"an empty body": {
			status: 503,
			header: []string{"Upvest-Request-Id", "r-1"},
			want:   errorFields{requestID: "r-1"},
		},
		"a truncated problem": {
			status:      500,
			contentType: "application/problem+json",
			body:        `{"type": "internal", "deta`,
		},
		"a JSON list": {
			unproven:    true,
			status:      400,
			contentType: "application/problem+json",
			body:        `[{"type": "x"}]`,
		},
		"a JSON string": {
			unproven:    true,
			status:      400,
			contentType: "application/json",
			body:        `"bad request"`,
		},
		"JSON null": {unproven: true, status: 400, contentType: "application/json", body: `null`},
		"an undeclared status": {
			unproven:    true,
			status:      418,
			contentType: "text/plain",
			body:        "short and stout",
		},
		"an unknown status": {status: 599, body: "?"},
		"bytes that are not text": {
			status:      500,
			contentType: "application/octet-stream",
			body:        "\xff\xfe\x00",
		},
	} {
		t.Run(name, func(t *testing.T) { requireErrors(t, test) })
	}
}

// requireErrors calls every operation, responds with the response of the case, and checks
// the error that each call returns.
func requireErrors(t *testing.T, test errorCase) {
	t.Helper()
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			var received upvest.Response
			client := respondingClient(t, test.status, test.contentType, test.body, test.header...)
			_, err := operation.call(t.Context(), client, upvest.WithResponse(&received))
			failure := requireReceived(t, err, operation.id, test.status, test.body)
			if got := fieldsOf(failure); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the error has the fields %+v, want %+v", got, test.want)
			}
			if received.Status != test.status || string(received.Body) != test.body {
				t.Errorf("the raw response is %d %q, want %d %q",
					received.Status, received.Body, test.status, test.body)
			}
			if failure.Err != nil {
				t.Errorf("the cause is %v, want none", failure.Err)
			}
			if len(failure.Attempts) != 1 || failure.Attempts[0].Status != test.status {
				t.Errorf("the attempts are %+v, want one with the status %d", failure.Attempts, test.status)
			}
			requireOutcome(t, err, outcomeOf(operation, test))
			text := err.Error()
			beginning := fmt.Sprintf("%s: %d", operation.id, test.status)
			if !strings.HasPrefix(text, beginning) || strings.ContainsAny(text, "\n<{") {
				t.Errorf("the error text is %q, want it to begin with %q and not to quote the body",
					text, beginning)
			}
		})
	}
}

// outcomeOf returns the outcome that a call must report if the response of the test case
// is the only response that the call received.
func outcomeOf(operation operationCase, test errorCase) upvest.Outcome {
	switch {
	case !operation.isWrite():
		return upvest.OutcomeNone
	case test.status < 500 && !test.unproven:
		return upvest.OutcomeRefused
	}
	return upvest.OutcomeUnknown
}

func TestErrorKindsFollowTheStatus(t *testing.T) {
	kinds := map[int]error{
		400: upvest.ErrBadRequest,
		401: upvest.ErrUnauthorized,
		403: upvest.ErrForbidden,
		404: upvest.ErrNotFound,
		405: upvest.ErrMethodNotAllowed,
		406: upvest.ErrNotAcceptable,
		409: upvest.ErrConflict,
		422: upvest.ErrUnprocessable,
		426: upvest.ErrUpgradeRequired,
		429: upvest.ErrTooManyRequests,
		500: upvest.ErrInternal,
		502: upvest.ErrBadGateway,
		503: upvest.ErrServiceUnavailable,
		504: upvest.ErrGatewayTimeout,
	}
	for status := range kinds {
		// The kind must not follow the problem type: in the documentation, every 503 has
		// the problem type of a 405.
		for _, typ := range []string{"method_not_allowed", "https://docs.upvest.co/errors/not_found"} {
			body := fmt.Sprintf(`{"type": %q, "status": 404}`, typ)
			client := respondingClient(t, status, "application/problem+json", body)
			_, err := client.Allocations.Retrieve(t.Context(), someAllocation)
			err = fmt.Errorf("wrapped: %w", err)
			for other, kind := range kinds {
				if got, want := errors.Is(err, kind), other == status; got != want {
					t.Errorf("for status %d and problem type %q, errors.Is(err, %v) is %t, want %t",
						status, typ, kind, got, want)
				}
			}
		}
	}
}

func TestErrorKeepsABodyThatBreaksOff(t *testing.T) {
	const beginning = `{"type": "CANARY`
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		resp := newResponse(http.StatusConflict, "application/problem+json", "", "Upvest-Request-Id", "r-1")
		resp.Body = brokenBody(beginning)
		return resp, nil
	})
	_, err := client.Orders.Create(t.Context(), someOrderRequest())
	requireOutcome(t, err, upvest.OutcomeRefused)
	failure := requireReceived(t, err, "create_portfolios_order", http.StatusConflict, beginning)
	if !errors.Is(err, upvest.ErrConflict) || failure.RequestID != "r-1" {
		t.Errorf("got the error %v with the request ID %q, want ErrConflict and r-1", err, failure.RequestID)
	}
	requireText(t, err, "breaks off")
	if !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("got the error %q, want io.ErrUnexpectedEOF and no part of the body in the text", err)
	}
}

func TestErrorTextIsOneBoundedLine(t *testing.T) {
	detail := "line one\nline two\x1b[31m" + strings.Repeat("é", 10_000)
	body, err := json.Marshal(map[string]string{
		"type":       "x",
		"detail":     detail,
		"title":      "a\r\nb",
		"request_id": "r\n1",
	})
	if err != nil {
		t.Fatal(err)
	}
	client := respondingClient(t, http.StatusBadRequest, "application/problem+json", string(body))
	_, err = client.Orders.Retrieve(t.Context(), someOrder)
	failure := requireReceived(t, err, "retrieve_portfolios_order", http.StatusBadRequest, string(body))
	if failure.Detail != detail {
		t.Errorf("the field Detail has %d bytes, want all %d", len(failure.Detail), len(detail))
	}
	requireText(t, err, "[request r 1]")
	if text := err.Error(); strings.ContainsAny(text, "\r\n\x1b") || len(text) > 3000 {
		t.Errorf("the error text has %d bytes, want one line of at most 3000 bytes "+
			"without escape characters: %.300q", len(text), text)
	}
}

func TestErrorTextSeparatesSeveralCauses(t *testing.T) {
	_, err := newTestClient(t, nil).Orders.Create(t.Context(), portfolios.OrderRequest{})
	if text := fmt.Sprint(err); strings.Count(text, "; ") != 4 || strings.Contains(text, "\n") {
		t.Errorf("the error text is %q, want five causes, separated by semicolons", text)
	}
}

func TestErrorTextOmitsATitleThatRepeatsTheStatus(t *testing.T) {
	body := `{"type": "conflict", "status": 409, "title": "Conflict",
		"detail": "not available for current status"}`
	client := respondingClient(t, http.StatusConflict, "application/problem+json", body)
	err := retrieve(t.Context(), client)
	const want = "retrieve_portfolios_order: 409 Conflict: not available for current status"
	if err == nil || err.Error() != want {
		t.Errorf("the error text is %q, want %q", err, want)
	}
}

// The error text names the status codes that only Cloudflare uses. After such a status,
// the outcome of a write is unknown, because the server may have carried out the write
// even though its response did not reach Cloudflare.
func TestErrorTextNamesTheStatusesOfCloudflare(t *testing.T) {
	for status, name := range map[int]string{
		520: "Web Server Returns An Unknown Error", 521: "Web Server Is Down", 522: "Connection Timed Out",
		523: "Origin Is Unreachable", 524: "A Timeout Occurred", 525: "SSL Handshake Failed",
		526: "Invalid SSL Certificate", 530: "Origin DNS Error",
	} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(respond(status, "text/html", "<html>error code: 1000</html>"))
			err := createOrder(t.Context(), newTestClient(t, server.serve))
			requireText(t, err, fmt.Sprintf("create_portfolios_order: %d %s (Cloudflare)", status, name))
			requireOutcome(t, err, upvest.OutcomeUnknown)
		})
	}
}
