package conformance_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	const html = "<html><body>Bad Gateway</body></html>"
	for _, test := range []struct {
		name  string
		fault fault
		// acts says whether the effect is there.
		acts bool
		want func(answer) bool
	}{
		{"an error instead of acting", fault{"status": 503}, false, func(a answer) bool {
			return a.status == 503 && strings.Contains(string(a.body), "https://docs.upvest.co/errors/unavailable")
		}},
		{"an error after acting", fault{"status": 502, "after": true}, true, func(a answer) bool { return a.status == 502 }},
		{"a limit with Retry-After", fault{"status": 429, "header": map[string]string{"Retry-After": "7"}}, false, func(a answer) bool {
			return a.status == 429 && a.header.Get("Retry-After") == "7"
		}},
		{"a refused token", fault{"status": 401}, false, func(a answer) bool {
			return a.status == 401 && strings.Contains(string(a.body), "unauthorised")
		}},
		{"an undocumented status", fault{"status": 418}, false, func(a answer) bool { return a.status == 418 }},
		{"HTML", fault{"status": 502, "body": html, "content_type": "text/html"}, false, func(a answer) bool {
			return a.status == 502 && string(a.body) == html && a.header.Get("Content-Type") == "text/html"
		}},
		{"HTML after acting", fault{"after": true, "body": html, "content_type": "text/html"}, true, func(a answer) bool {
			return a.status == 200 && string(a.body) == html
		}},
		{"an empty body after acting", fault{"after": true, "body": ""}, true, func(a answer) bool {
			return a.status == 200 && len(a.body) == 0
		}},
		{"malformed JSON after acting", fault{"after": true, "body": `{"id":`}, true, func(a answer) bool { return string(a.body) == `{"id":` }},
		{"another success", fault{"after": true, "status": 201}, true, func(a answer) bool {
			return a.status == 201 && strings.Contains(string(a.body), `"id"`)
		}},
		{"an oversized body", fault{"pad": 3 << 20}, true, func(a answer) bool { return a.status == 200 && len(a.body) > 3<<20 }},
		{"a body that is cut", fault{"cut_body": true}, true, func(a answer) bool {
			return a.status == 200 && len(a.body) > 0 && errors.Is(a.failed, io.ErrUnexpectedEOF)
		}},
		{"a reset before acting", fault{"reset": true}, false, func(a answer) bool { return errors.Is(a.failed, syscall.ECONNRESET) }},
		{"a reset after acting", fault{"reset": true, "after": true}, true, func(a answer) bool {
			return errors.Is(a.failed, syscall.ECONNRESET)
		}},
		{"a redirect", fault{"status": 307, "header": map[string]string{"Location": "/elsewhere"}}, false, func(a answer) bool {
			return a.status == 307 && a.header.Get("Location") == "/elsewhere"
		}},
		{"a late answer", fault{"delay": "1ms"}, true, func(a answer) bool { return a.status == 200 }},
		{"a slow body", fault{"body_delay": "1ms"}, true, func(a answer) bool {
			return a.status == 200 && strings.Contains(string(a.body), `"id"`)
		}},
		{"a skewed date", fault{"date_skew": "-1h"}, true, func(a answer) bool {
			date, err := http.ParseTime(a.header.Get("Date"))
			return err == nil && a.status == 200 && time.Since(date) > 59*time.Minute
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.fault["operation"] = creates
			p.inject(t, test.fault)
			if a := c.send(t, c.get().sign()); a.status != 200 {
				t.Errorf("another operation met the fault: %d %s", a.status, a.body)
			}
			wrong := c.post()
			wrong.setBody("{}")
			if a := c.send(t, wrong.sign()); a.status != 400 {
				t.Errorf("a wrong request met the fault: %d %s", a.status, a.body)
			}
			before := p.effects(t, creates)
			a := c.try(t, c.post().sign())
			if !test.want(a) {
				t.Errorf("got %d %v %.200s %v", a.status, a.header, a.body, a.failed)
			}
			if acted := p.effects(t, creates) > before; acted != test.acts {
				t.Errorf("acted: %t, want %t", acted, test.acts)
			}
			if a := c.send(t, c.post().sign()); a.status != 200 {
				t.Errorf("the fault stayed: %d %s", a.status, a.body)
			}
		})
	}
}

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
		t.Errorf("got %v, want 500 500 504 200", got)
	}
	p.inject(t, fault{"status": 500, "count": -1})
	if got := statuses(3); got[0] != 500 || got[2] != 500 {
		t.Errorf("got %v, want 500 without end", got)
	}
	if status := p.control(t, "DELETE", "faults", nil, nil); status != http.StatusNoContent {
		t.Errorf("clear: %d", status)
	}
	if got := statuses(1); got[0] != 200 {
		t.Errorf("got %v after the faults were cleared", got)
	}
	p.inject(t, fault{"operation": "token", "status": 503})
	if a := c.send(t, c.tokenRequest("portfolios:read").sign()); a.status != 503 {
		t.Errorf("the token endpoint answers %d %s", a.status, a.body)
	}
}

func TestFaultKeepsTheAnswerForTheRepetition(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	p.inject(t, fault{"operation": creates, "after": true, "reset": true})
	lost := c.post()
	if a := c.try(t, lost.sign()); a.failed == nil {
		t.Fatalf("got %d %s, want a reset", a.status, a.body)
	}
	again := c.post()
	again.setKey(lost.get("idempotency-key"))
	if a := c.send(t, again.sign()); a.status != 200 || p.effects(t, creates) != 1 {
		t.Errorf("the repetition got %d %s, %d effects", a.status, a.body, p.effects(t, creates))
	}
}

func TestFaultThatIsNotOne(t *testing.T) {
	p := start(t)
	for _, wrong := range []fault{
		{"operation": "unknown"}, {"status": 99}, {"delay": "soon"}, {"delay": "-1s"}, {"pad": -1}, {"colour": "red"},
	} {
		if status := p.control(t, "POST", "faults", wrong, nil); status != http.StatusBadRequest {
			t.Errorf("%v: %d, want 400", wrong, status)
		}
	}
}

func TestControlErrorsAreProblems(t *testing.T) {
	p := start(t)
	c := p.caller(t)
	for _, test := range []struct{ method, path, body, says string }{
		{"POST", "faults", ``, "the body is missing"},
		{"POST", "faults", `[]`, "the body: expected an object"},
		{"POST", "faults", `{} {}`, "one JSON object"},
		{"POST", "faults", `{"colour":"red"}`, `"colour"`},
		{"POST", "faults", `{"status":"503"}`, "status: expected a whole number, not a JSON string"},
		{"POST", "faults", `{"after":1}`, "after: expected a boolean, not a JSON number"},
		{"POST", "faults", `{"delay":5}`, "delay: expected a string, not a JSON number"},
		{"POST", "faults", `{"delay":"5"}`, `delay: expected a duration such as 1.5s, not "5"`},
		{"POST", "faults", `{"body_delay":"5"}`, "body_delay: expected a duration"},
		{"POST", "faults", `{"date_skew":"5"}`, "date_skew: expected a duration"},
		{"POST", "clock", `{"advance":"soon"}`, "advance: expected a duration"},
		{"POST", "clock", `{"set":"soon"}`, "set: expected a time"},
		{"POST", "clock", `{"set":"9999-12-31T23:59:59Z","advance":"48h"}`, "the year 10000"},
		{"POST", "clock", `{"set":"1970-01-02T00:00:00Z","advance":"-48h"}`, "the year 1969"},
		{"POST", "prices", `{"AAPL":"1"}`, "expected an ISIN or a UUID"},
		{"POST", "prices", `{"IE00B0M62Q58":"0"}`, "expected one above 0"},
		{"GET", "faults", ``, "has no GET faults"},
		{"POST", "other", ``, "has no POST other"},
	} {
		t.Run(test.method+" "+test.path+" "+test.body, func(t *testing.T) {
			r := &request{method: test.method, path: "/_sandbox/" + test.path}
			r.set("host", c.address)
			r.setBody(test.body)
			status := 400
			if strings.Contains(test.says, "has no") {
				status = 404
			}
			rule{status: status, says: test.says}.refused(t, c, c.send(t, r))
		})
	}
}

// No page of a browser reaches the control endpoint: not from another site, and not under a name that was made to lead here.
func TestControlAnswersNoBrowser(t *testing.T) {
	c := start(t).caller(t)
	_, port, _ := strings.Cut(c.address, ":")
	for name, test := range map[string]struct {
		method  string
		headers []header
		status  int
	}{
		"no browser":          {"DELETE", nil, 204},
		"another local name":  {"DELETE", []header{{"host", "localhost:" + port}}, 204},
		"IPv6":                {"DELETE", []header{{"host", "[::1]:" + port}}, 204},
		"the address bar":     {"GET", []header{{"sec-fetch-site", "none"}}, 200},
		"another site writes": {"DELETE", []header{{"sec-fetch-site", "cross-site"}, {"origin", "https://evil.example"}}, 403},
		"an old browser":      {"DELETE", []header{{"origin", "https://evil.example"}}, 403},
		"another site reads":  {"GET", []header{{"sec-fetch-site", "cross-site"}}, 403},
		"a rebound name":      {"GET", []header{{"host", "evil.example:" + port}, {"sec-fetch-site", "same-origin"}}, 403},
		"a rebound name, old": {"DELETE", []header{{"host", "evil.example"}}, 403},
	} {
		r := &request{method: test.method, path: "/_sandbox/faults", headers: []header{{"host", c.address}}}
		if test.method == "GET" {
			r.path = "/_sandbox/effects"
		}
		for _, h := range test.headers {
			r.set(h.name, h.value)
		}
		a := c.send(t, r)
		if a.status != test.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, test.status)
		}
		if test.status == 403 {
			rule{status: 403, says: "no page of a browser"}.refused(t, c, a)
		}
	}
}

func TestExposure(t *testing.T) {
	p := start(t, "-address", "0.0.0.0:0", "-expose")
	if !strings.HasPrefix(p.variables["BASE_URL"], "http://127.0.0.1:") {
		t.Errorf("the variables say %s", p.variables["BASE_URL"])
	}
	c := p.loggedIn(t)
	if a := c.send(t, c.get().sign()); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	r := &request{method: "GET", path: "/_sandbox/effects", headers: []header{{"host", "sandbox:8080"}}}
	if a := c.send(t, r); a.status != 200 {
		t.Errorf("under the name of a container: %d %s", a.status, a.body)
	}
}

// A client that goes away during a delay before acting leaves no effect.
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
				t.Errorf("the log says %+v", last)
			}
			break
		}
	}
	if n := p.effects(t, creates); n != 0 {
		t.Errorf("%d effects of a request that was given up", n)
	}
}

func TestControlIsOffUnlessAskedFor(t *testing.T) {
	p := start(t, "-control=false")
	if status := p.control(t, "GET", "requests", nil, nil); status != http.StatusBadRequest && status != http.StatusNotFound {
		t.Errorf("the control endpoint answers %d", status)
	}
	c := p.loggedIn(t)
	if a := c.send(t, at("/_sandbox/requests")(c).sign()); a.status != 404 {
		t.Errorf("the control endpoint answers %d %s", a.status, a.body)
	}
}
