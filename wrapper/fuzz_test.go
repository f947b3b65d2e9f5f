package wrapper_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The fuzz targets call public methods, which receive responses that a server or a proxy
// may send. Run a target with
//
//	go test ./wrapper -run '^$' -fuzz '^FuzzProblemBody$' -fuzztime 60s -parallel 1

// requireBounded checks that an *Error keeps the response as received, and that %v, %+v
// and %#v format the error as one line of bounded length.
func requireBounded(t *testing.T, err error, status int, body []byte) {
	t.Helper()
	failure := asError(t, err)
	if failure.Status != status || !bytes.Equal(failure.Body, body) {
		t.Fatalf("the error has the status %d and the body %q, want %d and %q",
			failure.Status, failure.Body, status, body)
	}
	text := err.Error()
	notPrintable := func(char rune) bool { return !unicode.IsPrint(char) }
	if len([]rune(text)) > 3000 || strings.ContainsFunc(text, notPrintable) {
		t.Fatalf("the error text is %q, want one printable line of at most 3000 characters", text)
	}
	for _, formatted := range []string{
		fmt.Sprintf("%v", err),
		fmt.Sprintf("%+v", err),
		fmt.Sprintf("%#v", err),
		fmt.Sprintf("%+v", *failure),
	} {
		if formatted != text {
			t.Fatalf("the error is formatted as %q, want the text of Error(): %q", formatted, text)
		}
	}
}

// requireNoBody checks that the text of an error does not contain the whole body. It
// ignores short bodies, because an error text may contain a short body by chance.
func requireNoBody(t *testing.T, err error, body []byte) {
	t.Helper()
	if len(body) > 40 && strings.Contains(err.Error(), string(body)) {
		t.Fatalf("the error %q quotes the whole body, want no body in it", err)
	}
}

// modulo maps any number to an index from 0 to size-1.
func modulo(number, size int) int { return (number%size + size) % size }

func FuzzProblemBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `"text"`, "<html>502</html>", "\xff\xfe", `{"detail":"`,
		`{"type":"x","title":"y","status":409,"detail":"z","instance":"i","request_id":"r"}`,
		`{"details":"z","errors":[{"a":1}]}`,
		`{"type":1,"title":null,"detail":{},"status":"409"}`,
		`{"detail":"a\nb\u0000"}`,
	} {
		f.Add(409, []byte(seed))
		f.Add(500, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 300 + modulo(status, 300)
		client := respondingClient(t, status, "application/problem+json", string(body))
		err := createOrder(t.Context(), client)
		requireBounded(t, err, status, body)
		failure := asError(t, err)
		if failure.Outcome != upvest.OutcomeRefused && failure.Outcome != upvest.OutcomeUnknown {
			t.Fatalf("the outcome is %q, want refused or unknown", failure.Outcome)
		}
		for name, raw := range failure.Members {
			if !bytes.Contains(body, raw) {
				t.Fatalf("the unknown field %s has the value %q, want a part of the response", name, raw)
			}
		}
	})
}

func FuzzSuccessBody(f *testing.F) {
	operations := everyOperation()
	for i, operation := range operations {
		f.Add(i, []byte(operation.success))
		f.Add(i, []byte(operation.success[:len(operation.success)/2]))
	}
	for i, seed := range []string{
		"", "{}", "null", "[]", "0", `""`, "{", "[{}]", "<html>",
		`{"data":null}`, `{"data":[null]}`, `{"id":""}`, `{"id":1}`,
	} {
		f.Add(i, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, number int, body []byte) {
		operation := operations[modulo(number, len(operations))]
		client := respondingClient(t, http.StatusOK, "application/json", string(body),
			"Upvest-Request-Id", "request")
		var response upvest.Response
		value, err := operation.call(t.Context(), client, upvest.WithResponse(&response))
		if response.Status != http.StatusOK || !bytes.Equal(response.Body, body) {
			t.Fatalf("the response is %d %q, want 200 %q", response.Status, response.Body, body)
		}
		if err == nil {
			_ = fmt.Sprintf("%v %+v", value, value)
			return
		}
		requireBounded(t, err, http.StatusOK, body)
		want := upvest.OutcomeNone
		if operation.isWrite() {
			want = upvest.OutcomeAccepted
		}
		requireOutcome(t, err, want)
		requireNoBody(t, err, body)
	})
}

// The headers of a response influence how long the client waits and how it dates its
// signatures. For all values of these headers, the call makes at most 4 attempts, and
// every attempt has a well-formed signature. Each of the 3 waits takes at most 37.5
// seconds: the longest accepted Retry-After and a quarter of it as jitter.
func FuzzSteeringHeaders(f *testing.F) {
	for _, date := range []string{
		"",
		"Sat, 01 Jan 2000 00:00:09 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT",
		"Mon, 01 Jan 0001 00:00:00 GMT",
		"yesterday",
	} {
		for _, after := range []string{
			"", "0", "7", "30", "-1", "99999999999999999999", "1e3",
			"Sat, 01 Jan 2000 00:00:19 GMT",
			"Saturday, 01-Jan-00 00:00:19 GMT",
		} {
			f.Add(503, after, date, "", "request", "ray")
			f.Add(401, after, date, "0", "request\x00", "")
		}
	}
	f.Fuzz(func(t *testing.T, status int, after, date, age, requestID, ray string) {
		status = 400 + modulo(status, 200)
		synctest.Test(t, func(t *testing.T) {
			server := scripted(problem(status, "Retry-After", after, "Date", date, "Age", age,
				"upvest-request-id", requestID, "Cf-Ray", ray))
			start := time.Now()
			err := createOrder(t.Context(), newTestClient(t, server.serve))
			requireBounded(t, err, status, []byte(problemBody(status)))
			failure := asError(t, err)
			const longest = 3 * 37500 * time.Millisecond
			if took := time.Since(start); took > longest {
				t.Fatalf("the call took %s, want at most %s", took, longest)
			}
			if len(server.requests) > 4 || len(failure.Attempts) != len(server.requests) {
				t.Fatalf("got %d requests and %d attempts, want the same number of each, at most 4",
					len(server.requests), len(failure.Attempts))
			}
			for _, req := range server.requests {
				signatureOf(t, req)
			}
		})
	})
}

func FuzzTokenResponse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "<html>", `access_token=a`,
		`{"access_token":"a","expires_in":1800,"token_type":"bearer"}`,
		`{"access_token":"a","expires_in":"1800"}`,
		`{"access_token":"a","expires_in":-5}`,
		`{"access_token":"a","expires_in":1e300}`,
		`{"access_token":"a\r\nb"}`,
		`{"access_token":"ä"}`,
		`{"access_token":"a","error":"invalid_client"}`,
		`{"access_token":["a"]}`,
		`{"access_token":"a","token_type":7}`,
		`{"access_token":"some-token-from-a-server","expires_in":"x"}`,
	} {
		f.Add(200, "application/json", []byte(seed))
		f.Add(401, "text/plain", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		status = 200 + modulo(status, 400)
		synctest.Test(t, func(t *testing.T) {
			step := respond(status, contentType, string(body))
			server := &tokenServer{steps: slices.Repeat([]roundTrip{step}, 10)}
			client := server.client(t, upvest.WithoutRetry())
			err := createOrder(t.Context(), client, upvest.WithIdempotencyKey(uuid.UUID{8: 0x80, 15: 1}))
			if err == nil {
				if status/100 != 2 || server.accepted != 1 {
					t.Fatalf("the server accepted %d calls after a token response %d, want 1 after a 2xx",
						server.accepted, status)
				}
				return
			}
			requireOutcome(t, err, upvest.OutcomeRefused)
			failure := asError(t, err)
			if server.calls > 0 {
				t.Fatalf("%d calls were sent without a token, want none", server.calls)
			}
			requireBounded(t, asError(t, failure.Unwrap()), status, body)
			requireNoBody(t, err, body)
		})
	})
}
