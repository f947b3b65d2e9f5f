package wrapper_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestRedirectsAreNeverFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, operation := range everyOperation() {
			t.Run(fmt.Sprintf("%d/%s", status, operation.id), func(t *testing.T) {
				var followed, asked atomic.Int32
				elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
				defer elsewhere.Close()
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if strings.HasSuffix(req.URL.Path, "/auth/token") {
						w.Header().Set("Content-Type", "application/json")
						_, _ = io.WriteString(w, `{"access_token":"test-token","expires_in":1800,"token_type":"bearer"}`)
						return
					}
					asked.Add(1)
					w.Header().Set("Location", elsewhere.URL+"/stolen")
					w.Header().Set("Upvest-Request-Id", "r-1")
					w.WriteHeader(status)
					_, _ = io.WriteString(w, "moved")
				}))
				defer server.Close()
				own := &http.Client{Transport: server.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
					t.Error("the caller's CheckRedirect was asked")
					return nil
				}}
				credentials := testCredentials(t)
				credentials.BaseURL = server.URL
				client, err := upvest.New(credentials, upvest.WithHTTPClient(own))
				if err != nil {
					t.Fatal(err)
				}
				var received upvest.Response
				_, err = operation.call(t.Context(), client, upvest.WithResponse(&received))
				var failure *upvest.Error
				if !errors.As(err, &failure) || failure.Status != status || failure.RequestID != "r-1" || string(failure.Body) != "moved" {
					t.Fatalf("got %v, want an *Error with all of the answer", err)
				}
				want := upvest.OutcomeNone
				if operation.isWrite() {
					want = upvest.OutcomeUnknown
				}
				if failure.Outcome != want {
					t.Errorf("the outcome is %q, want %q", failure.Outcome, want)
				}
				if received.Header.Get("Location") != elsewhere.URL+"/stolen" {
					t.Errorf("the raw response has no Location: %v", received.Header)
				}
				if followed.Load() != 0 || asked.Load() != 1 {
					t.Errorf("the redirect was followed %d times, the server asked %d times", followed.Load(), asked.Load())
				}
			})
		}
	}
}

func TestRedirectOfTheTokenIsNeverFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked []string
		client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			asked = append(asked, req.URL.String())
			return answer(status, "", "", "Location", "https://elsewhere.test/auth/token"), closeBody(req)
		}))
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		var failure *upvest.Error
		if !errors.As(err, &failure) || failure.Outcome != upvest.OutcomeRefused || failure.Status != 0 {
			t.Errorf("%d: got %#v, want an *Error of a write that was not sent", status, err)
		}
		if cause, ok := failure.Unwrap().(*upvest.Error); !ok || cause.Operation != "token" || cause.Status != status {
			t.Errorf("%d: the cause is %v, want the token's", status, failure.Unwrap())
		}
		if len(asked) != 1 || asked[0] != "https://upvest.test/auth/token" {
			t.Errorf("%d: requests went to %q", status, asked)
		}
	}
}

// A Location that is no URL must not cost the caller the rest of the answer.
func TestRedirectWithABadLocation(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusFound, "text/html", "moved", "Location", "http://[CANARY", "Upvest-Request-Id", "r-1"), nil
	}, upvest.WithoutRetry())
	_, err := client.Orders.Create(t.Context(), someOrderRequest())
	var failure *upvest.Error
	if !errors.As(err, &failure) || failure.Status != http.StatusFound || failure.RequestID != "r-1" || string(failure.Body) != "moved" {
		t.Errorf("got %v, want an *Error with all of the answer", err)
	}
	if strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%q quotes the header", err)
	}
}
