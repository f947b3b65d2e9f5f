package conformance_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestLargeBodies(t *testing.T) { check(t, start(t).loggedIn(t), sizeRules) }

// sizeRules are the rules for the size of a body.
var sizeRules = []rule{{
	rule: "a body has at most 1 MiB", source: choice,
	keeps:  signed(post, padded(1<<20)),
	breaks: signed(post, padded(1<<20+1)),
	status: 413, detail: "larger than 1048576 bytes",
}}

// padded returns a function that pads the body to the given number of bytes.
func padded(bytes int) func(*request) {
	return func(r *request) { r.setBody(r.body + strings.Repeat(" ", bytes-len(r.body))) }
}

func TestBodyLimit(t *testing.T) {
	c := start(t, "-body-limit", "300").loggedIn(t)
	check(t, c, []rule{{
		rule: "the flag limits the size of a body", source: choice, keeps: signed(post, asIs),
		breaks: signed(post, func(r *request) { r.setBody(allocationBody + strings.Repeat(" ", 300)) }),
		status: 413, detail: "larger than 300 bytes",
	}})
}

// TestLargeHeaders requires that the sandbox accepts headers of 50 KiB and refuses
// headers of 80 KiB. The refusal is not problem+json, because it comes from net/http, not
// from the sandbox.
func TestLargeHeaders(t *testing.T) {
	c := start(t).loggedIn(t)
	for size, want := range map[int]int{50 << 10: 200, 80 << 10: 431} {
		r := c.get()
		r.set("x-large", strings.Repeat("x", size))
		if a := c.send(t, r.sign()); a.status != want {
			t.Errorf("with %d bytes of headers, the status is %d, want %d", size, a.status, want)
		}
	}
}

func TestSlowRequestsAreCutOff(t *testing.T) {
	c := start(t, "-read-timeout", "300ms").loggedIn(t)
	r := c.post().sign()
	whole := r.bytes()
	for _, test := range []struct {
		name string
		sent int
		// want are the accepted statuses. 0 means no response.
		want []int
	}{
		{name: "slow headers", sent: 40, want: []int{0, 400}},
		{name: "a slow body", sent: len(whole) - 10, want: []int{408}},
	} {
		t.Run(test.name, func(t *testing.T) {
			connection, err := net.Dial("tcp", c.address)
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := connection.Write(whole[:test.sent]); err != nil {
				t.Fatal(err)
			}
			a := read(connection, r.method)
			if !slices.Contains(test.want, a.status) {
				t.Errorf("got %d %s with the error %v, want one of the statuses %d",
					a.status, a.body, a.failed, test.want)
			}
			if _, err := io.ReadAll(connection); err != nil {
				t.Errorf("reading the connection to its end returned the error %v, want none", err)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	p := start(t, "-rate-limit", "3")
	c := p.caller(t)
	// Requests without a valid signature of the client do not count against its rate
	// limit.
	for range 50 {
		unsigned := tampered(asksToken, func(r *request) { r.remove("signature") })
		if a := c.send(t, unsigned(c)); a.status != 401 {
			t.Fatalf("an unsigned request got %d %s, want 401", a.status, a.body)
		}
	}
	rule := rule{
		rule: "limit", source: rateLimits, status: 429, detail: "more than 3 requests per second",
		header: "Retry-After: 1",
	}
	var last response
	for i := range 50 {
		last = c.send(t, c.tokenRequest("portfolios:read").sign())
		if last.status != 429 {
			continue
		}
		if i < 3 {
			t.Errorf("the request with the index %d got 429, want the first three accepted", i)
		}
		break
	}
	rule.refused(t, c, last)
}

func TestChunkedBodyIsRefused(t *testing.T) {
	c := start(t).loggedIn(t)
	r := c.post()
	r.remove("content-length")
	r.set("transfer-encoding", "chunked")
	r.signer = func(base string) []byte { return c.sign(base) }
	r.sign()
	r.body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(r.body), r.body)
	rule{
		source: signatures, status: 401, starts: "Signature is incorrect: ",
		detail: `component "content-length" is covered, but the header was not sent`,
	}.refused(t, c, c.send(t, r))
}

// TestBytesThatAreNotHTTPAreRefused requires that bytes that are not valid HTTP get the
// status 400, and that the sandbox still responds afterwards. net/http refuses such bytes
// before any check of the sandbox runs.
func TestBytesThatAreNotHTTPAreRefused(t *testing.T) {
	c := start(t).loggedIn(t)
	for _, garbage := range []string{
		"\x16\x03\x01\x00\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
		strings.Repeat("A", 1<<10) + "\r\n\r\n",
	} {
		connection, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = connection.Write([]byte(garbage))
		if a := read(connection, "GET"); a.status != 400 {
			t.Errorf("the bytes %.20q got the status %d, want 400", garbage, a.status)
		}
		_ = connection.Close()
	}
	if a := c.send(t, c.get().sign()); a.status != 200 {
		t.Errorf("a request after the invalid bytes got the status %d, want 200", a.status)
	}
}
