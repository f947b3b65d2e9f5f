package conformance_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

const creates = "create_portfolios_allocation"

// TestIdempotency requires that the sandbox repeats the response for a key within 24
// hours, and refuses the key for a different request.
func TestIdempotency(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	key := uuid.NewString()
	withKey := func(body string) *request {
		r := c.post()
		r.setKey(key)
		r.setBody(body)
		return r.sign()
	}
	first := c.send(t, withKey(allocationBody))
	if first.status != 200 || p.effects(t, creates) != 1 {
		t.Fatalf("the first request got %d %s and had %d effects, want 200 and 1 effect",
			first.status, first.body, p.effects(t, creates))
	}
	repeated := c.send(t, withKey(allocationBody))
	if repeated.status != first.status || !bytes.Equal(repeated.body, first.body) ||
		p.effects(t, creates) != 1 {
		t.Errorf("the repetition got %d %s, with %d effects in total, want the first response and 1 effect",
			repeated.status, repeated.body, p.effects(t, creates))
	}
	if repeated.header.Get("Upvest-Request-Id") == first.header.Get("Upvest-Request-Id") {
		t.Error("the repetition has the same upvest-request-id as the first request")
	}
	log := p.requests(t, "").Data
	if log[len(log)-2].Replayed || !log[len(log)-1].Replayed {
		t.Errorf("the journal has the requests %+v, want only the last one marked as replayed", log)
	}
	reused := rule{source: choice, status: 422, detail: "idempotency-key was used before"}
	reused.refused(t, c, c.send(t, withKey(`{"allocation":[]}`+" ")))
	other := c.build("POST", "/portfolios/rebalancings/executions", "application/json",
		`{"accounts":["`+user+`"]}`)
	other.setKey(key)
	reused.refused(t, c, c.send(t, other.sign()))

	p.advance(t, 24*time.Hour-time.Minute)
	c.login(t, "portfolios:admin")
	if a := c.send(t, withKey(allocationBody)); !bytes.Equal(a.body, first.body) {
		t.Errorf("within 24 hours, a repetition got %d %s, want the first response", a.status, a.body)
	}
	p.advance(t, time.Minute)
	if a := c.send(t, withKey(allocationBody)); a.status != 200 || bytes.Equal(a.body, first.body) ||
		p.effects(t, creates) != 2 {
		t.Errorf("after 24 hours, a repetition got %d %s, with %d effects in total, "+
			"want a new response and 2 effects", a.status, a.body, p.effects(t, creates))
	}
}

func TestKeyOfAFailedRequestCanBeUsedAgain(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	key := uuid.NewString()
	refused := c.build("POST", "/portfolios/configurations", "application/json",
		`{"account_id":"`+uuid.NewString()+`","allocation_id":"`+uuid.NewString()+`"}`)
	refused.setKey(key)
	if a := c.send(t, refused.sign()); a.status != 404 {
		t.Fatalf("a configuration for a missing allocation got %d %s, want 404", a.status, a.body)
	}
	again := c.post()
	again.setKey(key)
	if a := c.send(t, again.sign()); a.status != 200 {
		t.Errorf("a request with the key of a failed request got %d %s, want 200", a.status, a.body)
	}
}

func TestEachClientHasSeparateIdempotencyKeys(t *testing.T) {
	p := start(t, "-client", "", "-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=two,key-id=two")
	one := p.loggedIn(t)
	two := &caller{
		address: one.address, clientID: "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01", secret: "two", keyID: "two",
		now: time.Now,
	}
	two.key = keyBeside(t, p, two.clientID)
	two.login(t, "portfolios:admin")
	key := uuid.NewString()
	var bodies [][]byte
	for _, c := range []*caller{one, two} {
		r := c.post()
		r.setKey(key)
		bodies = append(bodies, c.send(t, r.sign()).body)
	}
	if bytes.Equal(bodies[0], bodies[1]) || p.effects(t, creates) != 2 {
		t.Errorf("two clients with the same key got %s and %s, want two allocations", bodies[0], bodies[1])
	}
}

func TestConcurrentRequestsWithTheSameKey(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	key := uuid.NewString()
	responses := make([]response, 20)
	var wait sync.WaitGroup
	for i := range responses {
		r := c.post()
		r.setKey(key)
		r.sign()
		wait.Go(func() { responses[i] = c.try(t, r) })
	}
	wait.Wait()
	for _, a := range responses {
		if a.status != 200 || !bytes.Equal(a.body, responses[0].body) {
			t.Errorf("got %d %s, want 200 and the response to the first request: %s",
				a.status, a.body, responses[0].body)
		}
	}
	if n := p.effects(t, creates); n != 1 {
		t.Errorf("the requests with the same key had %d effects, want 1", n)
	}
}

// TestKeptResponsesAreBounded requires that the sandbox refuses a write with a new key
// when the space for kept responses is full, and drops no response. The detail of the
// error names the flag that sets the size of the space.
func TestKeptResponsesAreBounded(t *testing.T) {
	p := start(t, "-kept-responses", "2000")
	c := p.loggedIn(t)
	first := c.post()
	if a := c.send(t, first.sign()); a.status != 200 {
		t.Fatalf("the first request got %d %s, want 200", a.status, a.body)
	}
	var a response
	for a.status == 0 || a.status == 200 {
		a = c.send(t, c.post().sign())
	}
	rule{source: choice, status: 503, detail: "-kept-responses"}.refused(t, c, a)
	effects := p.effects(t, creates)
	again := c.post()
	again.setKey(first.get("idempotency-key"))
	if a := c.send(t, again.sign()); a.status != 200 || p.effects(t, creates) != effects {
		t.Errorf("repeating the first request got %d %s, with %d effects, want 200 and %d", a.status, a.body,
			p.effects(t, creates), effects)
	}
	p.advance(t, 24*time.Hour)
	c.login(t, "portfolios:admin")
	if a := c.send(t, c.post().sign()); a.status != 200 {
		t.Errorf("a write a day later got %d %s, want 200", a.status, a.body)
	}
}

func TestJournalIsPagedAndFiltered(t *testing.T) {
	w := newWorld(t)
	account := w.follow(w.allocate(world1, "1"))
	other := w.follow(w.allocate(apple, "1"))
	for range 3 {
		w.order(account, "BUY", "1")
	}
	w.order(other, "BUY", "1")
	w.call("GET", "/portfolios/orders?account_id="+account+"&limit=5", "")
	var effects struct {
		Total, Dropped uint64
		Data           []struct {
			Number     uint64
			Operation  string
			AccountIDs []string `json:"account_ids"`
		}
	}
	w.p.control(t, "GET", "effects?operation=create_portfolios_order&account="+account, nil, &effects)
	if effects.Total != 8 || effects.Dropped != 0 || len(effects.Data) != 3 || effects.Data[2].Number != 7 ||
		effects.Data[0].AccountIDs[0] != account {
		t.Errorf("the filtered effects are %+v, want 8 in total, "+
			"and the account's three orders up to number 7", effects)
	}
	w.p.control(t, "GET", "effects?limit=2&after=6", nil, &effects)
	if len(effects.Data) != 2 || effects.Data[0].Number != 7 || effects.Data[1].AccountIDs[0] != other {
		t.Errorf("the page after the number 6 is %+v, want the effects 7 and 8", effects)
	}
	log := w.p.requests(t, "?account="+account)
	last := log.Data[len(log.Data)-1]
	if len(log.Data) != 5 || last.Method != http.MethodGet || last.Path != "/portfolios/orders" ||
		last.Query != "account_id="+account+"&limit=5" ||
		last.Header["Authorization"][0] != "***" || last.Header["Signature-Input"] == nil ||
		last.Number != log.Total {
		t.Errorf("the requests with the account are %+v, want five, the last of them the list of orders "+
			"with a masked token and the highest number", log)
	}
	if log.Data[1].Body != orderBody(account, "BUY", "1") {
		t.Errorf("the journal has the body %q for an order request, want it as sent", log.Data[1].Body)
	}
	granted := w.p.requests(t, "?operation=token").Data
	if len(granted) != 1 || !strings.Contains(granted[0].Body, "client_secret=***") {
		t.Errorf("the token requests in the journal are %+v, want one with a masked secret", granted)
	}
	for _, wrong := range []string{
		"?after=-1", "?limit=0", "?limit=1001", "?account=me", "?colour=red",
		// Each of these filters contains a mistake. If the sandbox accepted such a
		// filter, a test could pass although it reads the wrong entries.
		"?operation=create_portfolio_order", "?operation=", "?account=" + uuid.Nil.String(), "?account=",
		"?operation=token&operation=token", "?account=" + account + "&account=" + other, "?after=1&after=2",
		"?operation=create_account_liquidation", "?account=%zz", "?account=" + account + ";limit=1",
	} {
		for _, what := range []string{"effects", "requests"} {
			if status := w.p.control(t, http.MethodGet, what+wrong, nil, nil); status != 400 {
				t.Errorf("reading %s%s returned the status %d, want 400", what, wrong, status)
			}
		}
	}
}
