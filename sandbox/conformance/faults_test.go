package conformance_test

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

const html = "<html><body>Bad Gateway</body></html>"

// faultRow is a fault with the expected outcome. The function `want` reports whether a
// response is the expected one, and `acts` is true if the request must have an effect.
type faultRow struct {
	name  string
	fault fault
	acts  bool
	want  func(response) bool
}

// problemFaults replace the response with an error or a redirect.
var problemFaults = []faultRow{
	{
		name:  "an error, and the request has no effect",
		fault: fault{"status": 503},
		want:  isProblem(503, "https://docs.upvest.co/errors/unavailable"),
	},
	{
		name:  "an error after the request took effect",
		fault: fault{"status": 502, "after": true},
		acts:  true,
		want:  isProblem(502, "https://docs.upvest.co/errors/bad_gateway"),
	},
	{
		name:  "a rate limit with Retry-After",
		fault: fault{"status": 429, "header": map[string]string{"Retry-After": "7"}},
		want: func(r response) bool {
			return r.status == 429 && r.header.Get("Retry-After") == "7"
		},
	},
	{
		name:  "a refused token",
		fault: fault{"status": 401},
		want:  isProblem(401, "unauthorised"),
	},
	{
		name:  "an undocumented status",
		fault: fault{"status": 418},
		want:  func(r response) bool { return r.status == 418 },
	},
	{
		name:  "a redirect",
		fault: fault{"status": 307, "header": map[string]string{"Location": "/elsewhere"}},
		want: func(r response) bool {
			return r.status == 307 && r.header.Get("Location") == "/elsewhere"
		},
	},
}

// bodyFaults replace, extend or delay the body, or change the status of a success.
var bodyFaults = []faultRow{
	{
		name:  "HTML, and the request has no effect",
		fault: fault{"status": 502, "body": html, "content_type": "text/html"},
		want: func(r response) bool {
			return r.status == 502 && string(r.body) == html && r.header.Get("Content-Type") == "text/html"
		},
	},
	{
		name:  "HTML after the request took effect",
		fault: fault{"after": true, "body": html, "content_type": "text/html"},
		acts:  true,
		want:  func(r response) bool { return r.status == 200 && string(r.body) == html },
	},
	{
		name:  "an empty body after the request took effect",
		fault: fault{"after": true, "body": ""},
		acts:  true,
		want:  func(r response) bool { return r.status == 200 && len(r.body) == 0 },
	},
	{
		name:  "malformed JSON after the request took effect",
		fault: fault{"after": true, "body": `{"id":`},
		acts:  true,
		want:  func(r response) bool { return string(r.body) == `{"id":` },
	},
	{
		name:  "a different status of success",
		fault: fault{"after": true, "status": 201},
		acts:  true,
		want:  func(r response) bool { return r.status == 201 && strings.Contains(string(r.body), `"id"`) },
	},
	{
		name:  "an oversized body",
		fault: fault{"pad": 3 << 20},
		acts:  true,
		want:  func(r response) bool { return r.status == 200 && len(r.body) > 3<<20 },
	},
	{
		name:  "a slow body",
		fault: fault{"body_delay": "1ms"},
		acts:  true,
		want:  func(r response) bool { return r.status == 200 && strings.Contains(string(r.body), `"id"`) },
	},
}

// connectionFaults close the connection early, delay the response or change its date.
var connectionFaults = []faultRow{
	{
		name:  "a body that is cut off",
		fault: fault{"cut_body": true},
		acts:  true,
		want: func(r response) bool {
			return r.status == 200 && len(r.body) > 0 && errors.Is(r.failed, io.ErrUnexpectedEOF)
		},
	},
	{
		name:  "a reset before the request took effect",
		fault: fault{"reset": true},
		want:  func(r response) bool { return errors.Is(r.failed, syscall.ECONNRESET) },
	},
	{
		name:  "a reset after the request took effect",
		fault: fault{"reset": true, "after": true},
		acts:  true,
		want:  func(r response) bool { return errors.Is(r.failed, syscall.ECONNRESET) },
	},
	{
		name:  "a late response",
		fault: fault{"delay": "1ms"},
		acts:  true,
		want:  func(r response) bool { return r.status == 200 },
	},
	{
		name:  "a Date that is an hour behind",
		fault: fault{"date_skew": "-1h"},
		acts:  true,
		want: func(r response) bool {
			date, err := http.ParseTime(r.header.Get("Date"))
			return err == nil && r.status == 200 && time.Since(date) > 59*time.Minute
		},
	},
}

func isProblem(status int, detail string) func(response) bool {
	return func(r response) bool { return r.status == status && strings.Contains(string(r.body), detail) }
}

// TestFaults requires that each fault applies to exactly one valid request for its
// operation.
func TestFaults(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	for _, rows := range [][]faultRow{problemFaults, bodyFaults, connectionFaults} {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) { row.run(t, p, c) })
		}
	}
}

func (row faultRow) run(t *testing.T, p *running, c *caller) {
	t.Helper()
	injected := fault{"operation": creates}
	maps.Copy(injected, row.fault)
	p.inject(t, injected)
	if r := c.send(t, c.get().sign()); r.status != 200 {
		t.Errorf("a request for a different operation got %d %s, want 200", r.status, r.body)
	}
	wrong := c.post()
	wrong.setBody("{}")
	if r := c.send(t, wrong.sign()); r.status != 400 {
		t.Errorf("an invalid request got %d %s, want its usual 400", r.status, r.body)
	}
	before := p.effects(t, creates)
	met := c.try(t, c.post().sign())
	if !row.want(met) {
		t.Errorf("the request got %d %v %.200s with the error %v, want the response of the fault",
			met.status, met.header, met.body, met.failed)
	}
	if acted := p.effects(t, creates) > before; acted != row.acts {
		t.Errorf("the request had an effect: %t, want %t", acted, row.acts)
	}
	if r := c.send(t, c.post().sign()); r.status != 200 {
		t.Errorf("the request after the fault got %d %s, want 200", r.status, r.body)
	}
}

// TestFaultCounts requires that a fault applies as often as its count allows, and that
// waiting faults apply in turn.
func TestFaultCounts(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	statuses := func(n int) (got []int) {
		for range n {
			got = append(got, c.send(t, c.get().sign()).status)
		}
		return got
	}
	p.inject(t, fault{"status": 500, "count": 2})
	p.inject(t, fault{"status": 504})
	if got := statuses(4); got[0] != 500 || got[1] != 500 || got[2] != 504 || got[3] != 200 {
		t.Errorf("four requests got the statuses %v, want 500, 500, 504 and 200", got)
	}
	p.inject(t, fault{"status": 500, "count": -1})
	if got := statuses(3); got[0] != 500 || got[2] != 500 {
		t.Errorf("three requests got the statuses %v, want 500 for each", got)
	}
	if status := p.control(t, "DELETE", "faults", nil, nil); status != http.StatusNoContent {
		t.Errorf("clearing the faults returned %d, want 204", status)
	}
	if got := statuses(1); got[0] != 200 {
		t.Errorf("after the faults were cleared, got the statuses %v, want 200", got)
	}
	p.inject(t, fault{"operation": "token", "status": 503})
	if r := c.send(t, c.tokenRequest("portfolios:read").sign()); r.status != 503 {
		t.Errorf("the token endpoint responded with %d %s, want the 503 of the fault", r.status, r.body)
	}
}

func TestRepetitionAfterACutConnectionGetsTheResponse(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	p.inject(t, fault{"operation": creates, "after": true, "reset": true})
	lost := c.post()
	if r := c.try(t, lost.sign()); r.failed == nil {
		t.Fatalf("the request with the fault got %d %s, want a reset connection", r.status, r.body)
	}
	again := c.post()
	again.setKey(lost.get("idempotency-key"))
	if r := c.send(t, again.sign()); r.status != 200 || p.effects(t, creates) != 1 {
		t.Errorf("the repetition got %d %s, with %d effects in total, want 200 and 1 effect",
			r.status, r.body, p.effects(t, creates))
	}
}

func TestInvalidFaultsAreRefused(t *testing.T) {
	p := start(t)
	for _, wrong := range []fault{
		{"operation": "unknown"},
		{"status": 99},
		{"delay": "soon"},
		{"delay": "-1s"},
		{"pad": -1},
		{},
		{"after": true},
		{"operation": creates, "count": -1},
		{"colour": "red"},
	} {
		if status := p.control(t, "POST", "faults", wrong, nil); status != http.StatusBadRequest {
			t.Errorf("injecting %v returned the status %d, want 400", wrong, status)
		}
	}
}

// TestFaultDelayEndsWithTheClient requires that a request has no effect if its client
// disconnects while a fault delays the request.
func TestFaultDelayEndsWithTheClient(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	p.inject(t, fault{"operation": creates, "delay": "1h"})
	connection, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write(c.post().sign().bytes()); err != nil {
		t.Fatal(err)
	}
	_ = connection.Close()
	for {
		log := p.requests(t, "").Data
		if last := log[len(log)-1]; last.Operation == creates {
			if last.Status != 0 || !last.Fault {
				t.Errorf("the last request in the journal is %+v, want one with a fault and status 0", last)
			}
			break
		}
	}
	if n := p.effects(t, creates); n != 0 {
		t.Errorf("a request whose client disconnected had %d effects, want none", n)
	}
}
