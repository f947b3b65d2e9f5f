package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

const (
	executionID   = "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"
	executionPath = "/portfolios/rebalancings/executions/" + executionID
	created       = `"created_at":"2021-07-21T14:10:00.00Z"`
	updated       = `"updated_at":"2021-07-21T14:10:00.00Z"`
	execution     = `{"id":"` + executionID + `",` + created + `,` + updated + `}`
	notFound      = `{"type":"not_found","status":404}`
)

// TestResponsesAreChecked requires that CheckResponse accepts correct responses and
// reports wrong ones. Other tests rely on this check.
func TestResponsesAreChecked(t *testing.T) {
	c, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path        string // if empty, the test uses executionPath
		status      int
		contentType string
		body        string
		requestID   string // if empty, the test uses a UUID
		right       bool
	}{
		"correct success": {status: 200, contentType: response.JSON, body: execution, right: true},
		"success without a required field": {
			status: 200, contentType: response.JSON, body: `{"id":"` + executionID + `",` + created + `}`,
		},
		"success with an id that is not a UUID": {
			status: 200, contentType: response.JSON, body: `{"id":"1",` + created + `,` + updated + `}`,
		},
		"success with an invalid time": {
			status: 200, contentType: response.JSON,
			body: `{"id":"` + executionID + `","created_at":"2021-07-21",` + updated + `}`,
		},
		"success as HTML": {status: 200, contentType: "text/html", body: `<html>`},
		"request id that is not a UUID": {
			status: 404, contentType: response.ProblemJSON, body: notFound, requestID: "1",
		},
		"correct problem": {status: 404, contentType: response.ProblemJSON, body: notFound, right: true},
		"problem with a status that is not documented": {
			status: 426, contentType: response.ProblemJSON, body: `{"type":"x","status":426}`, right: true,
		},
		"problem without a type": {
			status: 404, contentType: response.ProblemJSON, body: `{"status":404}`,
		},
		"problem for an unknown path": {
			path: "/unknown", status: 404, contentType: response.ProblemJSON, body: notFound, right: true,
		},
		"problem without a type for an unknown path": {
			path: "/unknown", status: 404, contentType: response.ProblemJSON, body: `{"status":404}`,
		},
		"HTML for an unknown path": {
			path: "/unknown", status: 404, contentType: "text/html", body: `<html>`,
		},
	} {
		if test.path == "" {
			test.path = executionPath
		}
		if test.requestID == "" {
			test.requestID = "169ae4c7-ebd7-4041-94da-25369653eba7"
		}
		r := openapi.Request{Request: httptest.NewRequest(http.MethodGet, test.path, http.NoBody)}
		r.Route, r.PathValues, _ = c.Find(r.Method, test.path)
		header := http.Header{"Content-Type": {test.contentType}, "Upvest-Request-Id": {test.requestID}}
		given := &response.Response{Status: test.status, Header: header, Body: []byte(test.body)}
		if err := c.CheckResponse(r, given); (err == nil) != test.right {
			t.Errorf("test %q: CheckResponse returned the error %v, want an error: %t",
				name, err, !test.right)
		}
	}
}
