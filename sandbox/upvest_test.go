package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// seen returns the body of an order as a client receives it.
func seen(t *testing.T, client *upvest.Client, id uuid.UUID) string {
	t.Helper()
	var response upvest.Response
	if _, err := client.Orders.Retrieve(t.Context(), id, upvest.WithResponse(&response)); err != nil {
		t.Fatal(err)
	}
	return string(response.Body)
}

func wantFields(t *testing.T, body string, fields ...string) {
	t.Helper()
	for _, field := range fields {
		if !strings.Contains(body, field) {
			t.Errorf("the body is %s, want it to contain %s", body, field)
		}
	}
}

// TestUpvestPlacesAndCancelsOrders requires that clients see the orders and cancellations
// that Upvest makes, and that the journal has no effects for these.
func TestUpvestPlacesAndCancelsOrders(t *testing.T) {
	clock := sandbox.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	s, client := started(t, invested(), sandbox.WithOrderDelay(time.Hour), sandbox.WithClock(clock),
		sandbox.WithLaterVersions(), sandbox.WithControl())
	plan := sandbox.UpvestOrder{
		AccountID: savings, Side: "BUY", CashAmount: "25", InitiationFlow: "SAVINGS_PLAN",
	}
	placed, err := s.PlaceOrder(plan)
	if err != nil {
		t.Fatal(err)
	}
	wantFields(t, seen(t, client, placed), `"initiation_flow":"SAVINGS_PLAN"`, `"cash_amount":"25"`)
	for _, reason := range []string{
		"ACCOUNT_IS_EMPTY", "CANCELLED_BY_CLIENT", "CANCELLED_BY_UPVEST", "PORTFOLIO_IS_BALANCED",
		"SELL_LIMIT_EXCEEDED",
	} {
		own := buy(t, client, portfolios.SideBUY, "10").ID
		wantFields(t, seen(t, client, own), `"initiation_flow":"API"`, `"client_reference":""`)
		if err := s.CancelOrder(own, reason); err != nil {
			t.Fatal(err)
		}
		wantFields(t, seen(t, client, own), `"status":"CANCELLED"`, `"cancellation_reason":"`+reason+`"`)
		if err := s.CancelOrder(own, reason); err == nil {
			t.Error("CancelOrder accepted an order that was already cancelled")
		}
	}
	tooMuch := buy(t, client, portfolios.SideSELL, "99").ID
	clock.Advance(time.Hour)
	wantFields(t, seen(t, client, tooMuch), `"cancellation_reason":"SELL_LIMIT_EXCEEDED"`)
	withdrawn := buy(t, client, portfolios.SideBUY, "5").ID
	if err := client.Orders.Cancel(t.Context(), withdrawn); err != nil {
		t.Fatal(err)
	}
	wantFields(t, seen(t, client, withdrawn), `"cancellation_reason":"CANCELLED_BY_CLIENT"`)
	const ownEffects = 5 + 2 + 1
	if n := len(effects(t, s)); n != ownEffects {
		t.Errorf("got %d effects, want only the %d effects of requests", n, ownEffects)
	}
}

// controlled sends a POST request to the control endpoint.
func controlled(t *testing.T, s *sandbox.Sandbox, path, body string) (status int, given string) {
	t.Helper()
	w := serve(s, httptest.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://localhost/_sandbox/"+path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestInvalidUpvestOrdersAreRefused(t *testing.T) {
	s, _ := started(t, invested(), sandbox.WithControl())
	valid := `"account_id":"` + savings.String() + `","side":"BUY","cash_amount":"1","initiation_flow":"API"`
	for body, detail := range map[string]string{
		`{` + valid + `,"client_id":"` + mixID.String() + `"}`:        "is not a client of this sandbox",
		`{` + strings.Replace(valid, "BUY", "HOLD", 1) + `}`:          "expected BUY or SELL",
		`{` + strings.Replace(valid, `"1"`, `"0"`, 1) + `}`:           "an amount above 0",
		`{` + strings.Replace(valid, "API", "PLAN", 1) + `}`:          "initiation_flow: expected one of",
		`{` + strings.Replace(valid, "dce29887", "ace29887", 1) + `}`: "has no configuration",
	} {
		if status, given := controlled(t, s, "orders", body); status != 400 ||
			!strings.Contains(given, detail) {
			t.Errorf("%s: got %d %s, want 400 with %q", body, status, given, detail)
		}
	}
	status, placed := controlled(t, s, "orders", `{`+valid+`}`)
	if status != 200 {
		t.Fatalf("a valid order returned %d %s, want 200", status, placed)
	}
	id := placed[len(`{"id":"`):][:36]
	cancel := `{"order_id":"` + id + `","reason":"CANCELLED_BY_UPVEST"}`
	typo := strings.Replace(cancel, "BY_U", "BY-U", 1)
	if status, given := controlled(t, s, "cancellations", typo); status != 400 ||
		!strings.Contains(given, "reason: expected one of") {
		t.Errorf("an unknown reason returned %d %s, want 400 with the known reasons", status, given)
	}
	if status, given := controlled(t, s, "cancellations", cancel); status != 204 {
		t.Errorf("the cancellation returned %d %s, want 204", status, given)
	}
}
