package faultmatrix_test

import (
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// verdict is what a caller has to be told in the end.
type verdict string

const (
	succeeds verdict = "ok"       // the call succeeded
	fails    verdict = "error"    // a read failed
	refused  verdict = "refused"  // a write was not carried out
	unknown  verdict = "unknown"  // a write may have been carried out
	accepted verdict = "accepted" // a write was carried out, its answer is lost
)

// fault is one row of the matrix.
type fault struct {
	name     string
	network  string         // what becomes of connections: refuse, reset or nothing
	times    int            // how many connections it becomes of, -1 for all
	inject   *sandbox.Fault // what the server does
	clock    time.Duration  // how far the client's clock is ahead
	timeout  time.Duration  // of one attempt, 0 for one that is never reached; long enough for a slow machine's second attempt
	read     verdict        // of reads
	write    verdict        // of writes
	cancel   verdict        // of a cancellation, where it differs: its answer has no body that could be spoilt
	attempts int            // of each call
	status   int            // that the error has to have, 0 if there is no error or any status will do
	kind     error          // that errors.Is has to find
}

const (
	attemptsOfPolicy = 4
	always           = -1
)

var html = []byte("<html><body><h1>Bad gateway</h1>cloudflare</body></html>")

var faultRows = []fault{
	{name: "none", read: succeeds, write: succeeds, attempts: 1},
	{name: "refused once", network: refuse, times: 1, read: succeeds, write: succeeds, attempts: 2},
	{name: "refused for ever", network: refuse, times: always, read: fails, write: refused, attempts: 4},
	{name: "reset before it is read, once", network: reset, times: 1, read: succeeds, write: succeeds, attempts: 2},
	{name: "reset before it is read, for ever", network: reset, times: always, read: fails, write: unknown, attempts: 4},
	{name: "reset before acting, once", inject: &sandbox.Fault{Reset: true}, read: succeeds, write: succeeds, attempts: 2},
	{
		name: "reset after acting, once", inject: &sandbox.Fault{Reset: true, After: true},
		read: succeeds, write: succeeds, cancel: unknown, attempts: 2,
	},
	{
		name: "reset after acting, for ever", inject: &sandbox.Fault{Reset: true, After: true, Count: always},
		read: fails, write: unknown, attempts: 4,
	},
	{name: "body cut, once", inject: &sandbox.Fault{CutBody: true}, read: succeeds, write: succeeds, attempts: 2},
	{name: "body cut, for ever", inject: &sandbox.Fault{CutBody: true, Count: always}, read: fails, write: accepted, attempts: 4, status: 200},
	{
		name: "body slower than the time-out, once", inject: &sandbox.Fault{BodyDelay: time.Minute}, timeout: 3 * time.Second,
		read: succeeds, write: succeeds, attempts: 2,
	},
	{
		name: "answer slower than the time-out, once", inject: &sandbox.Fault{After: true, Delay: time.Minute}, timeout: 3 * time.Second,
		read: succeeds, write: succeeds, cancel: unknown, attempts: 2,
	},
	{name: "408 once", inject: &sandbox.Fault{Status: 408}, read: succeeds, write: succeeds, attempts: 2},
	{name: "429 once", inject: &sandbox.Fault{Status: 429}, read: succeeds, write: succeeds, attempts: 2},
	{
		name: "429 once, Retry-After", inject: &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		read: succeeds, write: succeeds, attempts: 2,
	},
	{
		name: "429, Retry-After too long", inject: &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}},
		read: fails, write: refused, attempts: 1, status: 429, kind: upvest.ErrTooManyRequests,
	},
	{
		name: "429 for ever", inject: &sandbox.Fault{Status: 429, Count: always},
		read: fails, write: refused, attempts: 4, status: 429, kind: upvest.ErrTooManyRequests,
	},
	{name: "500 once", inject: &sandbox.Fault{Status: 500}, read: succeeds, write: succeeds, attempts: 2},
	{
		name: "502 HTML once", inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html"},
		read: succeeds, write: succeeds, attempts: 2,
	},
	{
		name: "502 HTML after acting, once", inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html", After: true},
		read: succeeds, write: succeeds, cancel: unknown, attempts: 2,
	},
	{
		name: "502 HTML for ever", inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html", Count: always},
		read: fails, write: unknown, attempts: 4, status: 502, kind: upvest.ErrBadGateway,
	},
	{name: "503 once", inject: &sandbox.Fault{Status: 503}, read: succeeds, write: succeeds, attempts: 2},
	{name: "504 once", inject: &sandbox.Fault{Status: 504}, read: succeeds, write: succeeds, attempts: 2},
	{name: "418, undeclared", inject: &sandbox.Fault{Status: 418}, read: fails, write: refused, attempts: 1, status: 418},
	{name: "401 once", inject: &sandbox.Fault{Status: 401}, read: succeeds, write: succeeds, attempts: 2},
	{
		name: "401 for ever", inject: &sandbox.Fault{Status: 401, Count: always},
		read: fails, write: refused, attempts: 2, status: 401, kind: upvest.ErrUnauthorized,
	},
	{name: "clock ten minutes fast", clock: 10 * time.Minute, read: succeeds, write: succeeds, attempts: 2},
	{name: "clock ten minutes slow", clock: -10 * time.Minute, read: succeeds, write: succeeds, attempts: 2},
	{
		name: "redirect", inject: &sandbox.Fault{Status: 307, Header: http.Header{"Location": {"https://elsewhere.invalid/"}}, Body: []byte{}},
		read: fails, write: unknown, attempts: 1, status: 307,
	},
	{
		name: "200 with HTML", inject: &sandbox.Fault{After: true, Status: 200, Body: html, ContentType: "text/html"},
		read: fails, write: accepted, attempts: 1, status: 200,
	},
	{
		name: "200, empty", inject: &sandbox.Fault{After: true, Status: 200, Body: []byte{}},
		read: fails, write: accepted, cancel: succeeds, attempts: 1, status: 200,
	},
	{
		name: "200, malformed", inject: &sandbox.Fault{After: true, Status: 200, Body: []byte(`{"id": 42, "data": {}, "account_id": []}`)},
		read: fails, write: accepted, cancel: succeeds, attempts: 1, status: 200,
	},
	{
		name: "200, too large", inject: &sandbox.Fault{After: true, Status: 200, Pad: 33 << 20},
		read: fails, write: accepted, attempts: 1, status: 200,
	},
}
