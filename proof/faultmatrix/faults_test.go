package faultmatrix_test

import (
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// fault is one row of the matrix.
type fault struct {
	name string
	// how connections fail in the network: "refuse", "reset", or "" if none fails there
	network  string
	failures int            // number of connections that fail; -1 means all
	inject   *sandbox.Fault // fault that the sandbox injects; nil means none
	clock    time.Duration  // how far the client's clock is ahead
	// timeout of one attempt in virtual time; 0 means one hour in real time
	timeout time.Duration
	want    expectation
}

// isLarge reports whether the server pads its response to many MiB.
func (f fault) isLarge() bool { return f.inject != nil && f.inject.Pad > 0 }

// expectation is the result that a read, a write and a cancellation must report.
type expectation struct {
	read     operations.Verdict
	write    operations.Verdict
	cancel   operations.Verdict // verdict of a cancellation if it differs from `write`
	attempts int
	status   int   // status of the error; 0 means any status
	kind     error // the error that errors.Is must find; nil means any
}

const (
	attemptsOfPolicy = 4
	always           = -1
	cancellation     = "cancel_portfolios_order"
)

// healed is the expectation for a fault that makes only the first attempt fail.
var healed = expectation{read: operations.Succeeded, write: operations.Succeeded, attempts: 2}

// healedUnlessCancelled is like healed, except for cancellations: the first attempt takes
// effect, so the second attempt receives a conflict and the outcome remains unknown.
var healedUnlessCancelled = expectation{
	read: operations.Succeeded, write: operations.Succeeded, cancel: operations.Unknown, attempts: 2,
}

var html = []byte("<html><body><h1>Bad gateway</h1>cloudflare</body></html>")

var faultRows = []fault{
	{
		name: "no fault",
		want: expectation{read: operations.Succeeded, write: operations.Succeeded, attempts: 1},
	},
	{name: "connection refused once", network: refuse, failures: 1, want: healed},
	{
		name: "connection refused every time", network: refuse, failures: always,
		want: expectation{read: operations.Failed, write: operations.Refused, attempts: attemptsOfPolicy},
	},
	{name: "connection reset before the server reads, once", network: reset, failures: 1, want: healed},
	{
		name: "connection reset before the server reads, every time", network: reset, failures: always,
		want: expectation{read: operations.Failed, write: operations.Unknown, attempts: attemptsOfPolicy},
	},
	{
		name:   "connection reset before the request is carried out, once",
		inject: &sandbox.Fault{Reset: true},
		want:   healed,
	},
	{
		name:   "connection reset after the request is carried out, once",
		inject: &sandbox.Fault{Reset: true, After: true},
		want:   healedUnlessCancelled,
	},
	{
		name:   "connection reset after the request is carried out, every time",
		inject: &sandbox.Fault{Reset: true, After: true, Count: always},
		want:   expectation{read: operations.Failed, write: operations.Unknown, attempts: attemptsOfPolicy},
	},
	{name: "response body cut off, once", inject: &sandbox.Fault{CutBody: true}, want: healed},
	{
		name: "response body cut off, every time", inject: &sandbox.Fault{CutBody: true, Count: always},
		want: expectation{
			read: operations.Failed, write: operations.Accepted, attempts: attemptsOfPolicy, status: 200,
		},
	},
	{
		name:    "response body slower than the timeout, once",
		inject:  &sandbox.Fault{BodyDelay: time.Minute},
		timeout: 3 * time.Second, want: healed,
	},
	{
		name:    "response slower than the timeout, once",
		inject:  &sandbox.Fault{After: true, Delay: time.Minute},
		timeout: 3 * time.Second, want: healedUnlessCancelled,
	},
	{name: "408 once", inject: &sandbox.Fault{Status: 408}, want: healed},
	{name: "429 once", inject: &sandbox.Fault{Status: 429}, want: healed},
	{
		name:   "429 once with Retry-After",
		inject: &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		want:   healed,
	},
	{
		name:   "429 once with a fractional Retry-After",
		inject: &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"0.05"}}},
		want:   healed,
	},
	{
		name:   "429 with a Retry-After that is too long",
		inject: &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}},
		want: expectation{
			read: operations.Failed, write: operations.Refused, attempts: 1,
			status: 429, kind: upvest.ErrTooManyRequests,
		},
	},
	{
		name: "429 every time", inject: &sandbox.Fault{Status: 429, Count: always},
		want: expectation{
			read: operations.Failed, write: operations.Refused, attempts: attemptsOfPolicy,
			status: 429, kind: upvest.ErrTooManyRequests,
		},
	},
	{name: "500 once", inject: &sandbox.Fault{Status: 500}, want: healed},
	{
		name:   "502 with HTML once",
		inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html"},
		want:   healed,
	},
	{
		name:   "502 with HTML after the request is carried out, once",
		inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html", After: true},
		want:   healedUnlessCancelled,
	},
	{
		name:   "502 with HTML every time",
		inject: &sandbox.Fault{Status: 502, Body: html, ContentType: "text/html", Count: always},
		want: expectation{
			read: operations.Failed, write: operations.Unknown, attempts: attemptsOfPolicy,
			status: 502, kind: upvest.ErrBadGateway,
		},
	},
	{name: "503 once", inject: &sandbox.Fault{Status: 503}, want: healed},
	{name: "504 once", inject: &sandbox.Fault{Status: 504}, want: healed},
	{
		name:   "521 with HTML once",
		inject: &sandbox.Fault{Status: 521, Body: html, ContentType: "text/html"},
		want:   healed,
	},
	{
		name:   "524 with HTML after the request is carried out, once",
		inject: &sandbox.Fault{Status: 524, Body: html, ContentType: "text/html", After: true},
		want:   healedUnlessCancelled,
	},
	{
		name:   "530 with HTML every time",
		inject: &sandbox.Fault{Status: 530, Body: html, ContentType: "text/html", Count: always},
		want: expectation{
			read: operations.Failed, write: operations.Unknown, attempts: attemptsOfPolicy, status: 530,
		},
	},
	{
		name: "undocumented status 418", inject: &sandbox.Fault{Status: 418},
		want: expectation{read: operations.Failed, write: operations.Refused, attempts: 1, status: 418},
	},
	{name: "401 once", inject: &sandbox.Fault{Status: 401}, want: healed},
	{
		name: "401 every time", inject: &sandbox.Fault{Status: 401, Count: always},
		want: expectation{
			read: operations.Failed, write: operations.Refused, attempts: 2,
			status: 401, kind: upvest.ErrUnauthorized,
		},
	},
	{name: "client's clock ten minutes fast", clock: 10 * time.Minute, want: healed},
	{name: "client's clock ten minutes slow", clock: -10 * time.Minute, want: healed},
	{
		name: "redirect to a different host",
		inject: &sandbox.Fault{
			Status: 307, Header: http.Header{"Location": {"https://elsewhere.invalid/"}}, Body: []byte{},
		},
		want: expectation{read: operations.Failed, write: operations.Unknown, attempts: 1, status: 307},
	},
	{
		name:   "200 with HTML",
		inject: &sandbox.Fault{After: true, Status: 200, Body: html, ContentType: "text/html"},
		want:   expectation{read: operations.Failed, write: operations.Accepted, attempts: 1, status: 200},
	},
	{
		name: "200 with an empty body", inject: &sandbox.Fault{After: true, Status: 200, Body: []byte{}},
		want: expectation{
			read: operations.Failed, write: operations.Accepted, cancel: operations.Succeeded,
			attempts: 1, status: 200,
		},
	},
	{
		name: "200 with a malformed body",
		inject: &sandbox.Fault{
			After: true, Status: 200, Body: []byte(`{"id": 42, "data": {}, "account_id": []}`),
		},
		want: expectation{
			read: operations.Failed, write: operations.Accepted, cancel: operations.Succeeded,
			attempts: 1, status: 200,
		},
	},
	{
		name:   "200 with a body that is too large",
		inject: &sandbox.Fault{After: true, Status: 200, Pad: 33 << 20},
		want:   expectation{read: operations.Failed, write: operations.Accepted, attempts: 1, status: 200},
	},
}
