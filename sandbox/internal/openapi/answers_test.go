package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
)

// The check of answers is a gate for other tests: this shows that it can fail.
func TestAnswersAreChecked(t *testing.T) {
	c, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	const id = "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"
	const path = "/portfolios/rebalancings/executions/" + id
	const made, changed = `"created_at":"2021-07-21T14:10:00.00Z"`, `"updated_at":"2021-07-21T14:10:00.00Z"`
	const requestID = "169ae4c7-ebd7-4041-94da-25369653eba7"
	json, problemJSON, html := "application/json", "application/problem+json", "text/html"
	for _, test := range []struct {
		name, path  string
		status      int
		contentType string
		body        string
		requestID   string
		right       bool
	}{
		{"a success", path, 200, json, `{"id":"` + id + `",` + made + `,` + changed + `}`, requestID, true},
		{"a field is missing", path, 200, json, `{"id":"` + id + `",` + made + `}`, requestID, false},
		{"an id is no UUID", path, 200, json, `{"id":"1",` + made + `,` + changed + `}`, requestID, false},
		{"a time is none", path, 200, json, `{"id":"` + id + `","created_at":"2021-07-21",` + changed + `}`, requestID, false},
		{"HTML", path, 200, html, `<html>`, requestID, false},
		{"a request id is no UUID", path, 404, problemJSON, `{"type":"not_found","status":404}`, "1", false},
		{"a problem", path, 404, problemJSON, `{"type":"not_found","status":404}`, requestID, true},
		{"a problem that is not documented", path, 426, problemJSON, `{"type":"x","status":426}`, requestID, true},
		{"a problem without a type", path, 404, problemJSON, `{"status":404}`, requestID, false},
		{"a problem of no operation", "/unknown", 404, problemJSON, `{"type":"not_found","status":404}`, requestID, true},
		{"a problem of no operation without a type", "/unknown", 404, problemJSON, `{"status":404}`, requestID, false},
		{"a problem of no operation as HTML", "/unknown", 404, html, `<html>`, requestID, false},
	} {
		r := openapi.Request{Request: httptest.NewRequest(http.MethodGet, test.path, nil)}
		r.Route, r.PathValues, _ = c.Find(r.Method, test.path)
		header := http.Header{"Content-Type": {test.contentType}, "Upvest-Request-Id": {test.requestID}}
		err := c.CheckAnswer(r, &answer.Answer{Status: test.status, Header: header, Body: []byte(test.body)})
		if (err == nil) != test.right {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
