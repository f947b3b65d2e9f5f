package simulation_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// event is what a request meets. The zero value is a request that is answered.
type event struct {
	dial   error                         // there is no connection, for this reason
	before time.Duration                 // until the request arrives, or the connection fails
	lost   bool                          // the request never arrives
	late   time.Duration                 // it arrives once more, that much later
	hang   bool                          // no answer comes
	after  time.Duration                 // until the answer comes
	end    func(req *http.Request) error // what comes in place of an answer
	spoil  func(req *http.Request, answer *http.Response)
	cut    bool // the body breaks off in the middle
}

// fault is a rule of which requests meet what.
type fault struct {
	name  string
	on    scope
	share float64 // of the requests; 0 means all
	only  func(number int) bool
	slows bool // and nothing else
	event func(random *rand.Rand) event
}

// scope says which requests a fault is about.
type scope int

const (
	everything scope = iota
	calls
	tokens
)

func (f *fault) meets(token bool, number int, random *rand.Rand) bool {
	switch {
	case f.on == calls && token, f.on == tokens && !token:
		return false
	case f.only != nil && !f.only(number):
		return false
	}
	return f.share == 0 || random.Float64() < f.share
}

func always(e event) func(*rand.Rand) event { return func(*rand.Rand) event { return e } }

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

func isFirst(number int) bool { return number == 1 }
func isOdd(number int) bool   { return number%2 == 1 }

var (
	errRefused     = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	errDialTimeout = &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	errReset       = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
)

func isReset(*http.Request) error { return errReset }

// quotes is how net/http shows an answer that it cannot read.
func quotes(req *http.Request) error {
	return fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", errors.New("malformed HTTP response "+strconv.Quote(secretsOf(req))))
}

// says makes an answer of another one. What is not of the API has no upvest-request-id.
func says(status int, contentType, text string) func(*http.Request, *http.Response) {
	return func(_ *http.Request, answer *http.Response) {
		header := http.Header{"Date": answer.Header["Date"], "Content-Type": {contentType}}
		answer.StatusCode, answer.Header, answer.Body = status, header, io.NopCloser(strings.NewReader(text))
	}
}

// page is what something on the way says.
func page(status int) func(*http.Request, *http.Response) {
	return says(status, "text/html", "<html><body><h1>"+http.StatusText(status)+"</h1>cloudflare</body></html>")
}

// problem is what the API says.
func problem(status int, retryAfter func(*rand.Rand) string) func(*rand.Rand) event {
	return func(random *rand.Rand) event {
		after := ""
		if retryAfter != nil {
			after = retryAfter(random)
		}
		return event{lost: true, spoil: func(req *http.Request, answer *http.Response) {
			says(status, "application/problem+json", fmt.Sprintf(`{"type":"about:blank","status":%d,"title":"It fails"}`, status))(req, answer)
			answer.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
			if after != "" {
				answer.Header.Set("Retry-After", after)
			}
		}}
	}
}

// quoting is a problem that shows what was sent.
func quoting(req *http.Request, answer *http.Response) {
	shown := strconv.Quote("cannot handle " + secretsOf(req))
	says(http.StatusInternalServerError, "application/problem+json", `{"title":`+shown+`,"detail":`+shown+`,"sent":`+shown+`}`)(req, answer)
	answer.Header.Set("Upvest-Request-Id", secretsOf(req))
}

func seconds(least, most int) func(*rand.Rand) string {
	return func(random *rand.Rand) string { return strconv.Itoa(least + random.IntN(most-least)) }
}

// hardFaults are what no client can make good while it lasts.
var hardFaults = []fault{
	{name: "connection refused", event: always(event{dial: errRefused})},
	{name: "dial times out", event: always(event{dial: errDialTimeout, before: 10 * time.Second})},
	{name: "reset before acting", event: always(event{lost: true, end: isReset})},
	{name: "reset after acting", event: always(event{end: isReset})},
	{name: "reset that quotes the request", event: always(event{end: quotes})},
	{name: "request lost", event: always(event{lost: true, hang: true})},
	{name: "answer lost", event: always(event{hang: true})},
	{name: "acts late", event: func(random *rand.Rand) event {
		return event{lost: true, hang: true, late: between(random, time.Second, 70*time.Second)}
	}},
	{name: "body cut", event: always(event{cut: true})},
	{name: "answers slower than the time-out", event: always(event{after: 40 * time.Second})},
	{name: "500 before acting", event: problem(http.StatusInternalServerError, nil)},
	{name: "500 that quotes the request", event: always(event{lost: true, spoil: quoting})},
	{name: "502 page before acting", event: always(event{lost: true, spoil: page(http.StatusBadGateway)})},
	{name: "502 page after acting", event: always(event{spoil: page(http.StatusBadGateway)})},
	{name: "503", event: problem(http.StatusServiceUnavailable, seconds(1, 20))},
	{name: "504 page after acting", event: always(event{spoil: page(http.StatusGatewayTimeout)})},
	{name: "200 page before acting", event: always(event{lost: true, spoil: page(http.StatusOK)})},
	{name: "200 page after acting", event: always(event{spoil: page(http.StatusOK)})},
	{name: "203 of a proxy", event: always(event{lost: true, spoil: says(http.StatusNonAuthoritativeInfo, "application/json", `{"maintenance":true}`)})},
	{name: "200 of a proxy", event: always(event{lost: true, spoil: says(http.StatusOK, "application/json", `{"maintenance":true}`)})},
	{name: "204 of a proxy", event: always(event{lost: true, spoil: says(http.StatusNoContent, "", "")}), on: tokens},
	{name: "307", event: always(event{lost: true, spoil: func(req *http.Request, answer *http.Response) {
		page(http.StatusTemporaryRedirect)(req, answer)
		answer.Header.Set("Location", "https://elsewhere.invalid/")
	}})},
	{name: "401", event: problem(http.StatusUnauthorized, nil)},
	{name: "403 page", event: always(event{lost: true, spoil: page(http.StatusForbidden)})},
	{name: "408", event: problem(http.StatusRequestTimeout, nil)},
	{name: "499 page after acting", event: always(event{spoil: page(499)})},
	{name: "429", event: problem(http.StatusTooManyRequests, seconds(1, 20))},
	{name: "429, Retry-After too long", event: problem(http.StatusTooManyRequests, seconds(1000, 4000))},
}

// mildFaults are what a client has to make good.
var mildFaults = []fault{
	{name: "slow answers", slows: true, event: func(random *rand.Rand) event { return event{after: between(random, time.Second, 8*time.Second)} }},
	{name: "slow tokens", on: tokens, slows: true, event: func(random *rand.Rand) event {
		return event{before: between(random, 0, 4*time.Second), after: between(random, time.Second, 4*time.Second)}
	}},
	{name: "every second token request gets 503", on: tokens, only: isOdd, event: problem(http.StatusServiceUnavailable, seconds(1, 3))},
	{name: "every second token request is reset", on: tokens, only: isOdd, event: always(event{lost: true, end: isReset})},
	{name: "the first attempt gets 503", on: calls, only: isFirst, event: problem(http.StatusServiceUnavailable, seconds(1, 3))},
	{name: "the first attempt is refused", on: calls, only: isFirst, event: always(event{dial: errRefused})},
	{name: "the first attempt is reset after acting", on: calls, only: isFirst, event: always(event{end: isReset})},
	{name: "the first attempt gets a 502 page", on: calls, only: isFirst, event: always(event{spoil: page(http.StatusBadGateway)})},
}
