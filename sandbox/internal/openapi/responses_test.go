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

// Other tests rely on the check of responses. This test shows that the check can fail.
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
		requestID   string // a UUID if empty
		right       bool
	}{
		"success": {status: 200, contentType: response.JSON, body: execution, right: true},
		"a field is missing": {
			status: 200, contentType: response.JSON, body: `{"id":"` + executionID + `",` + created + `}`,
		},
		"an id is not a UUID": {
			status: 200, contentType: response.JSON, body: `{"id":"1",` + created + `,` + updated + `}`,
		},
		"an invalid time": {
			status: 200, contentType: response.JSON,
			body: `{"id":"` + executionID + `","created_at":"2021-07-21",` + updated + `}`,
		},
		"HTML": {status: 200, contentType: "text/html", body: `<html>`},
		"a request id is not a UUID": {
			status: 404, contentType: response.ProblemJSON, body: notFound, requestID: "1",
		},
		"a problem": {status: 404, contentType: response.ProblemJSON, body: notFound, right: true},
		"a problem that is not documented": {
			status: 426, contentType: response.ProblemJSON, body: `{"type":"x","status":426}`, right: true,
		},
		"a problem without a type": {
			status: 404, contentType: response.ProblemJSON, body: `{"status":404}`,
		},
		"a problem of no operation": {
			path: "/unknown", status: 404, contentType: response.ProblemJSON, body: notFound, right: true,
		},
		"a problem of no operation without a type": {
			path: "/unknown", status: 404, contentType: response.ProblemJSON, body: `{"status":404}`,
		},
		"a problem of no operation as HTML": {
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
			t.Errorf("%s: %v", name, err)
		}
	}
}
