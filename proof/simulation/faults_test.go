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

// event describes what happens to a request. With the zero value, the request arrives and
// receives its response.
type event struct {
	dial error // the error of the attempt to connect
	// Time until the request arrives, or until the attempt to connect fails.
	before time.Duration
	lost   bool // the request does not arrive at its normal time
	// delay of a late arrival; 0 means that the request never arrives late
	late  time.Duration
	hang  bool                          // no response arrives
	after time.Duration                 // time until the response arrives
	end   func(req *http.Request) error // returns the error that replaces the response
	spoil func(req *http.Request, response *http.Response)
	cut   bool // the response body ends in the middle
}

// fault decides which requests fail, and how.
type fault struct {
	name  string
	on    scope
	share float64 // share of the requests that fail; 0 means all
	only  func(number int) bool
	slows bool // the fault only delays requests
	once  bool // the fault affects only one request
	met   bool // the fault has affected a request
	event func(random *rand.Rand) event
}

// problemJSON is the content type of the API's error responses.
const problemJSON = "application/problem+json"

// scope is the kind of request that a fault affects.
type scope int

const (
	everything scope = iota
	calls
	tokens
)

// String returns the name of the scope in the problems that the judge reports.
func (s scope) String() string {
	return [...]string{everything: "all requests", calls: "calls", tokens: "requests for tokens"}[s]
}

func (f *fault) meets(token bool, number int, random *rand.Rand) bool {
	switch {
	case f.on == calls && token, f.on == tokens && !token:
		return false
	case f.only != nil && !f.only(number):
		return false
	case f.once && f.met:
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
	errRefused = &net.OpError{
		Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
	errDialTimeout = &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	errReset       = &net.OpError{
		Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET),
	}
)

func isReset(*http.Request) error { return errReset }

// quotes returns the error that net/http returns for a malformed response. The error
// quotes the response, which contains secrets from the request.
func quotes(req *http.Request) error {
	malformed := errors.New("malformed HTTP response " + strconv.Quote(secretsOf(req)))
	return fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", malformed)
}

// replacing returns a function that replaces a response with the response of a proxy.
// This response lacks the header upvest-request-id.
func replacing(status int, contentType, text string) func(*http.Request, *http.Response) {
	return func(_ *http.Request, response *http.Response) {
		response.StatusCode = status
		response.Header = http.Header{
			"Date": response.Header["Date"], "Content-Type": {contentType},
		}
		response.Body = io.NopCloser(strings.NewReader(text))
	}
}

// page returns a function that replaces a response with a proxy's HTML page.
func page(status int) func(*http.Request, *http.Response) {
	text := "<html><body><h1>" + http.StatusText(status) + "</h1>cloudflare</body></html>"
	return replacing(status, "text/html", text)
}

// problem returns a function that makes events in which the request is lost, and the
// client receives an error response of the API with the given status.
func problem(status int, retryAfter func(*rand.Rand) string) func(*rand.Rand) event {
	return func(random *rand.Rand) event {
		after := ""
		if retryAfter != nil {
			after = retryAfter(random)
		}
		return event{lost: true, spoil: func(req *http.Request, response *http.Response) {
			text := fmt.Sprintf(`{"type":"about:blank","status":%d,"title":"It fails"}`, status)
			replacing(status, problemJSON, text)(req, response)
			response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
			if after != "" {
				response.Header.Set("Retry-After", after)
			}
		}}
	}
}

// quoting replaces a response with an error response in the format of the API. The error
// response quotes the secrets in the request.
func quoting(req *http.Request, response *http.Response) {
	shown := strconv.Quote("cannot handle " + secretsOf(req))
	text := `{"title":` + shown + `,"detail":` + shown + `,"sent":` + shown + `}`
	replacing(http.StatusInternalServerError, problemJSON, text)(req, response)
	response.Header.Set("Upvest-Request-Id", secretsOf(req))
}

func seconds(least, most int) func(*rand.Rand) string {
	return func(random *rand.Rand) string { return strconv.Itoa(least + random.IntN(most-least)) }
}

// maintenance returns a function that makes events in which a proxy responds with the
// given status instead of forwarding the request.
func maintenance(status int) func(*rand.Rand) event {
	return always(event{
		lost: true, spoil: replacing(status, "application/json", `{"maintenance":true}`),
	})
}

func redirecting(req *http.Request, response *http.Response) {
	page(http.StatusTemporaryRedirect)(req, response)
	response.Header.Set("Location", "https://elsewhere.invalid/")
}

// hardFaults make each request that they affect fail.
var hardFaults = []fault{
	{name: "connection refused", event: always(event{dial: errRefused})},
	{name: "dial times out", event: always(event{dial: errDialTimeout, before: 10 * time.Second})},
	{name: "reset before the request is carried out", event: always(event{lost: true, end: isReset})},
	{name: "reset after the request is carried out", event: always(event{end: isReset})},
	{name: "reset that quotes the request", event: always(event{end: quotes})},
	{name: "request lost", event: always(event{lost: true, hang: true})},
	{name: "response lost", event: always(event{hang: true})},
	{name: "request takes effect late", event: func(random *rand.Rand) event {
		return event{lost: true, hang: true, late: between(random, time.Second, 70*time.Second)}
	}},
	{name: "body cut", event: always(event{cut: true})},
	{name: "responses slower than the timeout", event: always(event{after: 40 * time.Second})},
	{name: "500 before the request is carried out", event: problem(http.StatusInternalServerError, nil)},
	{name: "500 that quotes the request", event: always(event{lost: true, spoil: quoting})},
	{
		name:  "502 page before the request is carried out",
		event: always(event{lost: true, spoil: page(http.StatusBadGateway)}),
	},
	{
		name:  "502 page after the request is carried out",
		event: always(event{spoil: page(http.StatusBadGateway)}),
	},
	{name: "503", event: problem(http.StatusServiceUnavailable, seconds(1, 20))},
	{
		name:  "504 page after the request is carried out",
		event: always(event{spoil: page(http.StatusGatewayTimeout)}),
	},
	{
		name:  "200 page before the request is carried out",
		event: always(event{lost: true, spoil: page(http.StatusOK)}),
	},
	{name: "200 page after the request is carried out", event: always(event{spoil: page(http.StatusOK)})},
	{name: "203 from a proxy", event: maintenance(http.StatusNonAuthoritativeInfo)},
	{name: "200 from a proxy", event: maintenance(http.StatusOK)},
	{
		name: "204 from a proxy", on: tokens,
		event: always(event{lost: true, spoil: replacing(http.StatusNoContent, "", "")}),
	},
	{name: "307", event: always(event{lost: true, spoil: redirecting})},
	{name: "401", event: problem(http.StatusUnauthorized, nil)},
	{name: "403 page", event: always(event{lost: true, spoil: page(http.StatusForbidden)})},
	{
		name:  "404 page from a gateway before the request is carried out",
		event: always(event{lost: true, spoil: page(http.StatusNotFound)}),
	},
	{
		name:  "404 page from a gateway after the request is carried out",
		event: always(event{spoil: page(http.StatusNotFound)}),
	},
	{name: "408", event: problem(http.StatusRequestTimeout, nil)},
	{name: "499 page after the request is carried out", event: always(event{spoil: page(499)})},
	{name: "429", event: problem(http.StatusTooManyRequests, seconds(1, 20))},
	{
		name:  "429 with a Retry-After that is too long",
		event: problem(http.StatusTooManyRequests, seconds(1000, 4000)),
	},
}

// refusedSecret is a fault in which the server refuses the client secret, as it does
// after the secret has been replaced.
var refusedSecret = fault{
	name: "refused secret", on: tokens, event: problem(http.StatusUnauthorized, nil),
}

// lostRenewal drops every second token request. The client receives neither a response
// nor an error.
var lostRenewal = fault{
	name: "every second token request is lost", on: tokens, only: isOdd,
	event: always(event{lost: true, hang: true}),
}

// wrongDate returns a fault in which an edge server with a wrong clock refuses one call.
// The Date of the refusal comes from this clock.
func wrongDate(off time.Duration) fault {
	refuse := problem(http.StatusUnauthorized, nil)
	return fault{
		name: "one wrong Date", on: calls, once: true,
		event: func(random *rand.Rand) event {
			met := refuse(random)
			spoil := met.spoil
			met.spoil = func(req *http.Request, response *http.Response) {
				spoil(req, response)
				response.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			}
			return met
		},
	}
}

// staleDates is a fault in which a cache adds an Age header to half of the responses. The
// client must ignore the Date of a response with an Age.
var staleDates = fault{
	name: "responses with an Age", on: calls, share: 0.5,
	event: always(event{spoil: func(_ *http.Request, response *http.Response) {
		response.Header.Set("Age", "0")
	}}),
}

// mildFaults are faults that must not make any call fail.
var mildFaults = []fault{
	{name: "slow responses", slows: true, event: func(random *rand.Rand) event {
		return event{after: between(random, time.Second, 8*time.Second)}
	}},
	{name: "slow tokens", on: tokens, slows: true, event: func(random *rand.Rand) event {
		return event{
			before: between(random, 0, 4*time.Second), after: between(random, time.Second, 4*time.Second),
		}
	}},
	{
		name: "every second token request receives 503", on: tokens, only: isOdd,
		event: problem(http.StatusServiceUnavailable, seconds(1, 3)),
	},
	{
		name: "every second token request is reset", on: tokens, only: isOdd,
		event: always(event{lost: true, end: isReset}),
	},
	{
		name: "the first attempt receives 503", on: calls, only: isFirst,
		event: problem(http.StatusServiceUnavailable, seconds(1, 3)),
	},
	{
		name: "the first attempt cannot connect", on: calls, only: isFirst,
		event: always(event{dial: errRefused}),
	},
	{
		name: "the first attempt is reset after the request is carried out", on: calls, only: isFirst,
		event: always(event{end: isReset}),
	},
	{
		name: "the first attempt receives a 502 page", on: calls, only: isFirst,
		event: always(event{spoil: page(http.StatusBadGateway)}),
	},
}
