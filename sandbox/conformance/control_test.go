package conformance_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestControlErrorsAreProblems(t *testing.T) {
	p := start(t)
	c := p.caller(t)
	for _, test := range []struct{ method, path, body, detail string }{
		{method: "POST", path: "faults", detail: "the body is missing"},
		{method: "POST", path: "faults", body: `[]`, detail: "the body: expected an object"},
		{method: "POST", path: "faults", body: `{} {}`, detail: "one JSON object"},
		{method: "POST", path: "faults", body: `{"colour":"red"}`, detail: `"colour"`},
		{
			method: "POST", path: "faults", body: `{"status":"503"}`,
			detail: "status: expected a whole number, not a JSON string",
		},
		{
			method: "POST", path: "faults", body: `{"after":1}`,
			detail: "after: expected a boolean, not a JSON number",
		},
		{
			method: "POST", path: "faults", body: `{"delay":5}`,
			detail: "delay: expected a string, not a JSON number",
		},
		{
			method: "POST", path: "faults", body: `{"delay":"5"}`,
			detail: `delay: expected a duration such as 1.5s, not "5"`,
		},
		{
			method: "POST", path: "faults", body: `{"body_delay":"5"}`,
			detail: "body_delay: expected a duration",
		},
		{method: "POST", path: "faults", body: `{"date_skew":"5"}`, detail: "date_skew: expected a duration"},
		{method: "POST", path: "clock", body: `{"advance":"soon"}`, detail: "advance: expected a duration"},
		{method: "POST", path: "clock", body: `{"set":"soon"}`, detail: "set: expected a time"},
		{
			method: "POST", path: "clock", body: `{"set":"9999-12-31T23:59:59Z","advance":"48h"}`,
			detail: "the year 10000",
		},
		{
			method: "POST", path: "clock", body: `{"set":"1970-01-02T00:00:00Z","advance":"-48h"}`,
			detail: "the year 1969",
		},
		{method: "POST", path: "prices", body: `{"AAPL":"1"}`, detail: "expected an ISIN or a UUID"},
		{method: "POST", path: "prices", body: `{"IE00B0M62Q58":"0"}`, detail: "expected a price above 0"},
		{method: "PUT", path: "faults", detail: "has no operation PUT faults"},
		{
			method: "POST", path: "prices", body: `{"8b9d3a1c-5ea1-4f07-9d1a-0d3f6f5e8a01":"1",` +
				`"8B9D3A1C-5EA1-4F07-9D1A-0D3F6F5E8A01":"2"}`,
			detail: "given twice, in two spellings",
		},
		{method: "POST", path: "faults", body: `{}`, detail: "the fault changes nothing"},
		{
			method: "POST", path: "faults", body: `{"status":500,"client_id":"me"}`,
			detail: "client_id: expected a UUID",
		},
		{method: "POST", path: "faults", body: `{"status":500,"nth":-1}`, detail: "nth -1: expected 1"},
		{method: "PUT", path: "latency", body: `{}`, detail: "data: expected a list"},
		{method: "PUT", path: "latency", body: `{"data":{}}`, detail: "data: expected a list"},
		{
			method: "PUT", path: "latency", body: `{"data":[{"delay":"x"}]}`,
			detail: "delay: expected a duration",
		},
		{
			method: "PUT", path: "latency", body: `{"data":[{"delay":"1s"},{"delay":"2s"}]}`,
			detail: "one entry per operation",
		},
		{
			method: "PUT", path: "latency", body: `{"data":[{"delay":"1s"},{"operation":"no"}]}`,
			detail: "not an operationId",
		},
		{method: "DELETE", path: "faults?operation=token", detail: "the query: expected none"},
		{method: "POST", path: "reset?client=1", detail: "the query: expected none"},
		{method: "POST", path: "reset", body: `{"client":1}`, detail: "the body: expected none"},
		{
			method: "POST", path: "reset", body: "{}" + strings.Repeat(" ", 62) + `{"client":1}`,
			detail: "the body: expected none",
		},
		{method: "DELETE", path: "tokens?", detail: "the query: expected none"},
		{method: "POST", path: "clock?advance=24h", body: `{}`, detail: "the query: expected none"},
		{method: "POST", path: "other", detail: "has no operation POST other"},
	} {
		t.Run(test.method+" "+test.path+" "+test.body, func(t *testing.T) {
			r := &request{method: test.method, path: "/_sandbox/" + test.path}
			r.set("host", c.address)
			r.setBody(test.body)
			status := 400
			if strings.Contains(test.detail, "has no") {
				status = 404
			}
			rule{status: status, detail: test.detail}.refused(t, c, c.send(t, r))
		})
	}
}

// TestControlRefusesBrowsers requires that the control endpoint refuses requests from web
// pages of other sites, and from pages whose host name resolves to this machine (DNS
// rebinding).
func TestControlRefusesBrowsers(t *testing.T) {
	c := start(t).caller(t)
	_, port, _ := strings.Cut(c.address, ":")
	crossSite := header{"sec-fetch-site", "cross-site"}
	evil := header{"origin", "https://evil.example"}
	for name, test := range map[string]struct {
		method  string
		headers []header
		status  int
	}{
		"no header of a browser": {method: "DELETE", status: 204},
		"the host localhost": {
			method: "DELETE", headers: []header{{"host", "localhost:" + port}}, status: 204,
		},
		"the host LOCALHOST": {
			method: "DELETE", headers: []header{{"host", "LOCALHOST:" + port}}, status: 204,
		},
		"the host localhost with a dot at the end": {
			method: "DELETE", headers: []header{{"host", "localhost.:" + port}}, status: 204,
		},
		"the host [::1]": {
			method: "DELETE", headers: []header{{"host", "[::1]:" + port}}, status: 204,
		},
		"a read from the address bar": {
			method: "GET", headers: []header{{"sec-fetch-site", "none"}}, status: 200,
		},
		"a write from another site": {method: "DELETE", headers: []header{crossSite, evil}, status: 403},
		"a write from another site, old browser": {
			method: "DELETE", headers: []header{evil}, status: 403,
		},
		"a read from another site": {method: "GET", headers: []header{crossSite}, status: 403},
		"a read from another site, old browser": {
			method: "GET", headers: []header{evil}, status: 403,
		},
		"a read under a rebound host name": {
			method:  "GET",
			headers: []header{{"host", "evil.example:" + port}, {"sec-fetch-site", "same-origin"}},
			status:  403,
		},
		"a write under a rebound host name": {
			method: "DELETE", headers: []header{{"host", "evil.example"}}, status: 403,
		},
	} {
		r := &request{method: test.method, path: "/_sandbox/faults", headers: []header{{"host", c.address}}}
		if test.method == "GET" {
			r.path = "/_sandbox/effects"
		}
		for _, h := range test.headers {
			r.set(h.name, h.value)
		}
		got := c.send(t, r)
		if got.status != test.status {
			t.Errorf("%s: got %d %s, want the status %d", name, got.status, got.body, test.status)
		}
		if test.status == 403 {
			rule{status: 403, detail: "refuses requests from web pages"}.refused(t, c, got)
		}
	}
}

// TestExposedSandboxAcceptsEveryHost requires that a sandbox with -expose names a
// loopback address in its variables, and opens the control endpoint under every host
// name, but not for web pages of other origins.
func TestExposedSandboxAcceptsEveryHost(t *testing.T) {
	p := start(t, "-address", "0.0.0.0:0", "-expose")
	if !strings.HasPrefix(p.variables["BASE_URL"], "http://127.0.0.1:") {
		t.Errorf("the base URL is %s, want http://127.0.0.1 with a port", p.variables["BASE_URL"])
	}
	c := p.loggedIn(t)
	if got := c.send(t, c.get().sign()); got.status != 200 {
		t.Errorf("a request over loopback got %d %s, want 200", got.status, got.body)
	}
	for name, test := range map[string]struct {
		page   header
		status int
	}{
		"no header of a browser":          {page: header{"accept", "*/*"}, status: 200},
		"the endpoint's page":             {page: header{"sec-fetch-site", "same-origin"}, status: 200},
		"the endpoint's page, by origin":  {page: header{"origin", "http://sandbox:8080"}, status: 200},
		"another site":                    {page: header{"sec-fetch-site", "cross-site"}, status: 403},
		"another site, by origin":         {page: header{"origin", "https://evil.example"}, status: 403},
		"a page on another port":          {page: header{"sec-fetch-site", "same-site"}, status: 403},
		"a page whose origin is withheld": {page: header{"origin", "null"}, status: 403},
	} {
		r := &request{method: "GET", path: "/_sandbox/effects", headers: []header{
			{"host", "sandbox:8080"}, test.page,
		}}
		if got := c.send(t, r); got.status != test.status {
			t.Errorf("%s: got %d %s, want the status %d", name, got.status, got.body, test.status)
		}
	}
}

func TestControlIsOffByDefault(t *testing.T) {
	p := start(t, "-control=false")
	status := p.control(t, "GET", "requests", nil, nil)
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		t.Errorf("without -control, the control endpoint returned %d, want 400 or 404", status)
	}
	c := p.loggedIn(t)
	got := c.send(t, at("/_sandbox/requests")(c).sign())
	rule{status: 404, detail: "the flag -control opens it"}.refused(t, c, got)
}
