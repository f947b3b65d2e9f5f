package sandbox

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWrongAnswersAreReported(t *testing.T) {
	var reported []error
	s, err := New(WithoutListener(), WithResponseCheck(func(err error) { reported = append(reported, err) }))
	if err != nil {
		t.Fatal(err)
	}
	s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/portfolios/orders", nil))
	if len(reported) != 0 {
		t.Errorf("a right answer is reported: %v", reported)
	}
	schema := s.contract.Doc.Components.Schemas["Problem"].Value
	schema.Required = append(schema.Required, "venue")
	s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/portfolios/orders", nil))
	if len(reported) != 1 || !strings.Contains(reported[0].Error(), "answer 400 to GET /portfolios/orders") {
		t.Errorf("reported %v, want the answer that lacks a member", reported)
	}
}
