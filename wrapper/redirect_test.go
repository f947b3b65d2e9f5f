package wrapper_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var redirects = []int{301, 302, 303, 307, 308}

func TestRedirectsAreNeverFollowed(t *testing.T) {
	var followed, requests atomic.Int32
	var status atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		followed.Add(1)
	}))
	defer elsewhere.Close()
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Location", elsewhere.URL+"/stolen")
		w.Header().Set("Upvest-Request-Id", "r-1")
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, "moved")
	})
	own := &http.Client{
		Transport: server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			t.Error("the caller's CheckRedirect was called, want no call")
			return nil
		},
	}
	client := newServerClient(t, server.URL, upvest.WithHTTPClient(own))
	for _, code := range redirects {
		for _, operation := range everyOperation() {
			t.Run(fmt.Sprintf("%d/%s", code, operation.id), func(t *testing.T) {
				status.Store(int32(code))
				requests.Store(0)
				var received upvest.Response
				_, err := operation.call(t.Context(), client, upvest.WithResponse(&received))
				failure := requireReceived(t, err, operation.id, code, "moved")
				if failure.RequestID != "r-1" {
					t.Errorf("the error has the request ID %q, want \"r-1\"", failure.RequestID)
				}
				want := upvest.OutcomeNone
				if operation.isWrite() {
					want = upvest.OutcomeUnknown
				}
				requireOutcome(t, err, want)
				if location := received.Header.Get("Location"); location != elsewhere.URL+"/stolen" {
					t.Errorf("the raw response has the Location %q, want %q as the server sent it",
						location, elsewhere.URL+"/stolen")
				}
				if followed.Load() != 0 || requests.Load() != 1 {
					t.Errorf("the server got %d requests, and the redirect was followed %d times; "+
						"want one request, and no redirect followed", requests.Load(), followed.Load())
				}
			})
		}
	}
}

func TestRedirectOfTheTokenRequestIsNeverFollowed(t *testing.T) {
	for _, status := range redirects {
		var urls []string
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			urls = append(urls, req.URL.String())
			resp := newResponse(status, "", "", "Location", "https://elsewhere.test/auth/token")
			return resp, closeBody(req)
		}))
		err := createOrder(t.Context(), client)
		requireOutcome(t, err, upvest.OutcomeRefused)
		failure := asError(t, err)
		if failure.Status != 0 {
			t.Errorf("after a %d from the token endpoint, the error of the order has the status %d, "+
				"want 0, because the order was never sent", status, failure.Status)
		}
		cause := asError(t, failure.Unwrap())
		if cause.Operation != "token" || cause.Status != status {
			t.Errorf("after a %d from the token endpoint, the cause is %q, "+
				"want the error of the token request with this status", status, cause)
		}
		if len(urls) != 1 || urls[0] != "https://upvest.test/auth/token" {
			t.Errorf("after a %d from the token endpoint, requests were sent to %q, "+
				"want only one, to the token endpoint", status, urls)
		}
	}
}

// If the Location header of a redirect is not a valid URL, the caller still receives the
// rest of the response.
func TestRedirectWithAnInvalidLocation(t *testing.T) {
	client := newTestClient(t, respond(http.StatusFound, "text/html", "moved",
		"Location", "http://[CANARY", "Upvest-Request-Id", "r-1"), upvest.WithoutRetry())
	err := createOrder(t.Context(), client)
	failure := requireReceived(t, err, "create_portfolios_order", http.StatusFound, "moved")
	if failure.RequestID != "r-1" || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("got the error %q with the request ID %q, "+
			"want the request ID \"r-1\" and no part of the Location header in the error",
			err, failure.RequestID)
	}
}
