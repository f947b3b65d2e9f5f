package exchange_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/exchange"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// reported changes the contract with extend, sends a request that the handler refuses,
// and returns the errors that the response check reports for the response.
func reported(t *testing.T, extend func(*openapi3.T) error) []error {
	t.Helper()
	contract, err := openapi.Load(extend)
	if err != nil {
		t.Fatal(err)
	}
	first, err := world.New(world.Options{
		Contract: contract,
		NewIDs:   func() func() uuid.UUID { return uuid.New },
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []error
	handler := &exchange.Handler{
		Contract:      contract,
		World:         func() *world.World { return first },
		Now:           time.Now,
		MachineTime:   time.Now,
		BodyLimit:     1,
		ResponseCheck: func(err error) { found = append(found, err) },
	}
	r := httptest.NewRequest(http.MethodGet, "/portfolios/orders", http.NoBody)
	handler.ServeHTTP(httptest.NewRecorder(), r)
	return found
}

// TestWrongResponsesAreReported requires that the response check reports a response that
// breaks the contract, and does not report a correct response.
func TestWrongResponsesAreReported(t *testing.T) {
	asIs := func(*openapi3.T) error { return nil }
	if found := reported(t, asIs); len(found) != 0 {
		t.Errorf("the response check reported a correct response: %v", found)
	}
	venue := func(doc *openapi3.T) error {
		problem := doc.Components.Schemas["Problem"].Value
		problem.Required = append(problem.Required, "venue")
		return nil
	}
	found := reported(t, venue)
	if len(found) != 1 || !strings.Contains(found[0].Error(), "response 400 to GET /portfolios/orders") {
		t.Errorf("the response check reported %v, want only the response 400, which lacks the field venue",
			found)
	}
}
