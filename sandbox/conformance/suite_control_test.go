package conformance_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
)

// controlRules returns the rules for time and faults. These rules are tested in a
// separate world, so that the clock of other callers does not change.
func (a *address) controlRules() []rule {
	rules := []rule{
		{rule: "an order becomes FILLED", source: guide, run: a.orderIsFilled},
		{rule: "a FILLED order cannot be cancelled", source: reference, run: a.filledIsNotCancelled},
		{rule: "a token is valid until it expires", source: auth, run: a.tokenExpires},
		{rule: "an idempotency key is kept for 24 hours", source: idempotent, run: a.keyIsKept},
		{rule: "a SELL above 90 percent of the value is cancelled", source: guide, run: a.largeSale},
		{rule: "a fault replaces the response", source: choice, run: a.faultReplacesResponse},
	}
	for i := range rules {
		rules[i].needs = needsControl
	}
	return rules
}

// advance moves the clock of the world forward, and requests a token that is valid at the
// new time.
func (a *address) advance(t testing.TB, c *caller, by string) {
	t.Helper()
	a.controlWorld(t, http.MethodPost, "clock", fmt.Sprintf(`{"advance":%q}`, by))
	c.login(t, "portfolios:read portfolios:admin")
}

// place places an order, and returns its id and its status.
func place(t testing.TB, c *caller, account, side, amount string) (id, status string) {
	t.Helper()
	placed := c.send(t, posts(orders, orderBody(account, side, amount))(c)).object(t)
	id, _ = placed["id"].(string)
	status, _ = placed["status"].(string)
	return id, status
}

func statusOf(t testing.TB, c *caller, order string) string {
	t.Helper()
	status, _ := c.send(t, at(orders+"/"+order)(c).sign()).object(t)["status"].(string)
	return status
}

// invested returns an account that holds 100 EUR, and the order that bought the holding.
func (a *address) invested(t testing.TB, c *caller) (account, order string) {
	t.Helper()
	f := newFixture(t, c)
	if f == nil {
		t.Fatal("the world accepts no configuration for a new account")
	}
	order, status := place(t, c, f.account, "BUY", "100")
	if status != "NEW" {
		t.Errorf("a new order is %s, want NEW", status)
	}
	a.advance(t, c, "48h")
	return f.account, order
}

func (a *address) orderIsFilled(t testing.TB, c *caller) {
	t.Helper()
	_, order := a.invested(t, c)
	if status := statusOf(t, c, order); status != "FILLED" {
		t.Errorf("after 48 hours the order is %s, want FILLED", status)
	}
}

func (a *address) filledIsNotCancelled(t testing.TB, c *caller) {
	t.Helper()
	_, order := a.invested(t, c)
	if got := c.send(t, cancels(order)(c)); got.status != http.StatusConflict {
		t.Errorf("cancelling a FILLED order got the status %d, want 409", got.status)
	}
}

func (a *address) largeSale(t testing.TB, c *caller) {
	t.Helper()
	account, _ := a.invested(t, c)
	small, _ := place(t, c, account, "SELL", "50")
	a.advance(t, c, "48h")
	large, _ := place(t, c, account, "SELL", "49")
	a.advance(t, c, "48h")
	if first, second := statusOf(t, c, small), statusOf(t, c, large); first != "FILLED" ||
		second != "CANCELLED" {
		t.Errorf("a SELL of half is %s, want FILLED; a SELL of nearly the whole rest is %s, want CANCELLED",
			first, second)
	}
}

func (a *address) tokenExpires(t testing.TB, c *caller) {
	t.Helper()
	granted := c.send(t, c.tokenRequest("portfolios:read").sign()).object(t)
	old := *c
	old.token, _ = granted["access_token"].(string)
	seconds, _ := granted["expires_in"].(float64)
	for _, test := range []struct {
		advance float64
		status  int
	}{{advance: seconds - 60, status: http.StatusOK}, {advance: 61, status: http.StatusUnauthorized}} {
		a.advance(t, c, fmt.Sprintf("%ds", int(test.advance)))
		if got := old.send(t, old.get().sign()); got.status != test.status {
			t.Errorf("%v seconds later, the token got the status %d, want %d",
				test.advance, got.status, test.status)
		}
	}
}

func (a *address) keyIsKept(t testing.TB, c *caller) {
	t.Helper()
	key := newID()
	first := c.send(t, c.keyed(key).sign())
	a.advance(t, c, "23h59m")
	if again := c.send(t, c.keyed(key).sign()); !bytes.Equal(again.body, first.body) {
		t.Errorf("a repetition within 24 hours got %d and a new body, want the first body", again.status)
	}
}

func (a *address) faultReplacesResponse(t testing.TB, c *caller) {
	t.Helper()
	a.controlWorld(t, http.MethodPost, "faults", `{"status":503}`)
	first := c.send(t, c.get().sign())
	if again := c.send(t, c.get().sign()); first.status != 503 || again.status != 200 {
		t.Errorf("two requests got the statuses %d and %d, want the fault's 503 and then 200",
			first.status, again.status)
	}
}
