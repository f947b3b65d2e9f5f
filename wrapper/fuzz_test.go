package wrapper_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// These fuzz targets feed what a server or a proxy sends to the public methods. Run one
// with
//
//	go test ./wrapper -run '^$' -fuzz '^FuzzProblemBody$' -fuzztime 60s -parallel 1

// checkFailure checks what holds for every error: it is an *Error that keeps what was
// received and tells it in one line of bounded length.
func checkFailure(t *testing.T, err error, status int, body []byte) *upvest.Error {
	t.Helper()
	failure := asError(t, err)
	if failure.Status != status || !bytes.Equal(failure.Body, body) {
		t.Fatalf("status %d, body %q, want %d, %q", failure.Status, failure.Body, status, body)
	}
	for _, text := range []string{
		err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err),
		fmt.Sprintf("%+v", *failure),
	} {
		if len([]rune(text)) > 3000 || strings.ContainsFunc(text, func(char rune) bool { return !unicode.IsPrint(char) }) {
			t.Fatalf("the text is not one line of bounded length: %q", text)
		}
		if text != err.Error() {
			t.Fatalf("%q differs from Error(), %q", text, err.Error())
		}
	}
	return failure
}

func FuzzProblemBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `"text"`, "<html>502</html>",
		`{"type":"x","title":"y","status":409,"detail":"z","instance":"i","request_id":"r"}`,
		`{"details":"z","errors":[{"a":1}]}`, `{"type":1,"title":null,"detail":{},"status":"409"}`, `{"detail":"a\nb\u0000"}`, "\xff\xfe",
		`{"detail":"`,
	} {
		f.Add(409, []byte(seed))
		f.Add(500, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 300 + (status%300+300)%300
		client := newTestClient(t, func(*http.Request) (*http.Response, error) {
			return answer(status, "application/problem+json", string(body)), nil
		}, upvest.WithoutRetry())
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		failure := checkFailure(t, err, status, body)
		if failure.Outcome != upvest.OutcomeRefused && failure.Outcome != upvest.OutcomeUnknown {
			t.Fatalf("outcome = %q", failure.Outcome)
		}
		for name, raw := range failure.Members {
			if !bytes.Contains(body, raw) {
				t.Fatalf("member %s is not as received: %q", name, raw)
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
		"", "{}", "null", "[]", "0", `""`, "{", "[{}]", `{"data":null}`, `{"data":[null]}`, `{"id":""}`,
		`{"id":1}`, "<html>",
	} {
		f.Add(i, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, number int, body []byte) {
		operation := operations[(number%len(operations)+len(operations))%len(operations)]
		client := newTestClient(t, func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, "application/json", string(body), "Upvest-Request-Id", "request"), nil
		}, upvest.WithoutRetry())
		var response upvest.Response
		value, err := operation.call(t.Context(), client, upvest.WithResponse(&response))
		if response.Status != http.StatusOK || !bytes.Equal(response.Body, body) {
			t.Fatalf("response = %d %q, want 200 %q", response.Status, response.Body, body)
		}
		if err == nil {
			_ = fmt.Sprintf("%v %+v", value, value)
			return
		}
		checkFailure(t, err, http.StatusOK, body)
		if errors.Is(err, upvest.ErrAccepted) != operation.isWrite() || errors.Is(err, upvest.ErrOutcomeUnknown) {
			t.Fatalf("%s: %v", operation.id, err)
		}
		if text := string(body); len(text) > 40 && strings.Contains(err.Error(), text) {
			t.Fatalf("the error quotes the body: %v", err)
		}
	})
}

// The headers that steer the client: whatever they say, it waits and dates within bounds,
// and tells the truth.
func FuzzSteeringHeaders(f *testing.F) {
	for _, date := range []string{
		"", "Sat, 01 Jan 2000 00:00:09 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
		"Mon, 01 Jan 0001 00:00:00 GMT", "yesterday",
	} {
		for _, after := range []string{
			"", "0", "7", "-1", "99999999999999999999", "1e3", "Sat, 01 Jan 2000 00:00:19 GMT",
			"Saturday, 01-Jan-00 00:00:19 GMT",
		} {
			f.Add(503, after, date, "", "request", "ray")
			f.Add(401, after, date, "0", "request\x00", "")
		}
	}
	f.Fuzz(func(t *testing.T, status int, after, date, age, requestID, ray string) {
		status = 400 + (status%200+200)%200
		synctest.Test(t, func(t *testing.T) {
			script := script{steps: scripted(problem(status, "Retry-After", after, "Date", date, "Age", age, "upvest-request-id", requestID,
				"Cf-Ray", ray))}
			client := newTestClient(t, script.serve)
			start := time.Now()
			_, err := client.Orders.Create(t.Context(), someOrderRequest())
			body := fmt.Sprintf(`{"type": "some_type", "status": %d, "title": "Some title", "detail": "Some detail"}`, status)
			failure := checkFailure(t, err, status, []byte(body))
			if took := time.Since(start); took > 3*30*time.Second {
				t.Fatalf("took %s", took)
			}
			if len(script.requests) > 4 || len(failure.Attempts) != len(script.requests) {
				t.Fatalf("%d requests, %d attempts", len(script.requests), len(failure.Attempts))
			}
			for _, req := range script.requests {
				if !signatureParameters.MatchString(req.Header.Get("signature-input")) {
					t.Fatalf("signature-input = %s", req.Header.Get("signature-input"))
				}
			}
		})
	})
}

func FuzzTokenAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "<html>", `{"access_token":"a","expires_in":1800,"token_type":"bearer"}`, `{"access_token":"a","expires_in":"1800"}`,
		`{"access_token":"a","expires_in":-5}`, `{"access_token":"a","expires_in":1e300}`, `{"access_token":"a\r\nb"}`, `{"access_token":"ä"}`,
		`{"access_token":"a","error":"invalid_client"}`, `{"access_token":["a"]}`, `{"access_token":"a","token_type":7}`, `access_token=a`,
		`{"access_token":"some-token-from-a-server","expires_in":"x"}`,
	} {
		f.Add(200, "application/json", []byte(seed))
		f.Add(401, "text/plain", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		status = 200 + (status%400+400)%400
		synctest.Test(t, func(t *testing.T) {
			server := &tokenServer{answers: make([]step, 10)}
			for i := range server.answers {
				server.answers[i] = func(*http.Request) (*http.Response, error) { return answer(status, contentType, string(body)), nil }
			}
			_, err := server.client(t, upvest.WithoutRetry()).Orders.Create(t.Context(), someOrderRequest(),
				upvest.WithIdempotencyKey(uuid.UUID{8: 0x80, 15: 1}))
			if err == nil {
				if status/100 != 2 || server.accepted != 1 {
					t.Fatalf("status %d, %d calls, no error", status, server.accepted)
				}
				return
			}
			if failure := asError(t, err); failure.Outcome != upvest.OutcomeRefused || server.calls > 0 {
				t.Fatalf("outcome %q after %d calls: %v", failure.Outcome, server.calls, err)
			}
			var token *upvest.Error
			if !errors.As(errors.Unwrap(err), &token) {
				t.Fatalf("cause = %v", errors.Unwrap(err))
			}
			checkFailure(t, token, status, body)
			if text := string(body); len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Fatalf("the error quotes the body: %v", err)
			}
		})
	})
}
