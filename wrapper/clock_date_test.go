package wrapper_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// requireOffset checks how far the signature of a request is dated ahead of the local
// clock.
func requireOffset(t *testing.T, server *script, request int, want time.Duration) {
	t.Helper()
	if len(server.requests) <= request {
		t.Fatalf("got %d requests, want at least %d", len(server.requests), request+1)
	}
	created := signatureOf(t, server.requests[request]).created
	if got := created.Sub(server.at[request].Truncate(time.Second)); got != want {
		t.Errorf("the signature of request %d is dated %s ahead of the local clock, want %s",
			request+1, got, want)
	}
}

// dated adds a Date header to the response that next makes. The Date is ahead of the
// local clock by the given duration, or behind it if the duration is negative.
func dated(ahead time.Duration, next func(header ...string) roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		return next(dateOf(time.Now().Add(ahead))...)(req)
	}
}

func refusal(header ...string) roundTrip { return refuse("Token is not active", header...) }

func order(header ...string) roundTrip { return success(orderBody, header...) }

// refusing returns a function, to be passed to [dated], that makes problem responses with
// the given status.
func refusing(status int) func(header ...string) roundTrip {
	return func(header ...string) roundTrip { return problem(status, header...) }
}

// later calls next, which sets the Date of the response, and then waits for the given
// delay before it returns the response.
func later(delay time.Duration, next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		resp, err := next(req)
		time.Sleep(delay)
		return resp, err
	}
}

// The client ignores the Date of a slow response, because the server may have written the
// Date at any time between the request and the arrival of the response. It uses the Date
// of a faster response.
func TestClockIgnoresTheDateOfASlowResponse(t *testing.T) {
	for name, test := range map[string]struct {
		first roundTrip
		want  time.Duration // the offset of the second attempt
	}{
		"written at once, received after 20 s": {first: later(20*time.Second, dated(0, refusal))},
		"written after 20 s":                   {first: slow(20*time.Second, dated(0, refusal))},
		"an hour ahead, written after 6 s":     {first: slow(6*time.Second, dated(time.Hour, refusal))},
		"written at once, received after 5 s":  {first: later(5*time.Second, dated(0, refusal))},
		"an hour ahead, written after 4 s": {
			first: slow(4*time.Second, dated(time.Hour, refusal)), want: time.Hour,
		},
		"an hour behind, written at once, received after 4 s": {
			first: later(4*time.Second, dated(-time.Hour, refusal)), want: -time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(test.first, order())
				client := newTestClient(t, server.serve)
				for range 2 {
					if err := retrieve(t.Context(), client); err != nil {
						t.Fatal(err)
					}
				}
				requireOffset(t, server, 1, test.want)
				requireOffset(t, server, 2, test.want)
			})
		})
	}
}

// If a single refusal has a wrong Date, for instance because a proxy sent the refusal,
// the client drops the resulting offset when a response with a correct Date arrives.
func TestClockDropsTheOffsetOfASingleWrongDate(t *testing.T) {
	const off = 45 * time.Second
	for name, next := range map[string]roundTrip{
		"success":   dated(0, order),
		"not found": dated(0, refusing(404)),
		"conflict":  dated(0, refusing(409)),
		"404 as HTML": dated(0, func(header ...string) roundTrip {
			return respond(404, "text/html", "", header...)
		}),
		"unavailable":       dated(-time.Second, refusing(503)),
		"success after 4 s": later(4*time.Second, dated(0, order)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(dated(off, refusal), order(), next, order())
				client := newTestClient(t, server.serve, upvest.WithoutRetry())
				for range 3 {
					_ = retrieve(t.Context(), client)
				}
				server.requireRequests(t, 4)
				requireOffset(t, server, 1, off) // the guessed offset
				// The guessed offset led to a success, and no Date has contradicted the
				// guess yet.
				requireOffset(t, server, 2, off)
				requireOffset(t, server, 3, 0)
			})
		})
	}
}

// If a request that was dated with a guessed offset succeeds, but the Date of the
// response contradicts the guess, the client drops the offset.
func TestClockForgetsAGuessThatASuccessContradicts(t *testing.T) {
	for _, ahead := range []time.Duration{0, -20 * time.Second, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(dated(45*time.Second, refusal), dated(ahead, order), order())
			client := newTestClient(t, server.serve)
			for range 2 {
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
			}
			requireOffset(t, server, 1, 45*time.Second)
			requireOffset(t, server, 2, 0)
		})
	}
}

// The client keeps its offset after a success, unless the Date of the response is fresh
// and agrees with the local clock to within a second.
func TestClockKeepsItsOffsetUntilTheClocksAgree(t *testing.T) {
	for name, next := range map[string]roundTrip{
		"no Date": order(),
		"a Date with an Age": dated(0, func(header ...string) roundTrip {
			return order(append(header, "Age", "0")...)
		}),
		"response after 6 s":                          slow(6*time.Second, dated(0, order)),
		"a Date two seconds ahead of the local clock": dated(2*time.Second, order),
		"a Date that confirms the offset":             dated(time.Hour, order),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(dated(time.Hour, refusal), dated(time.Hour, order), next, order())
				client := newTestClient(t, server.serve)
				for range 3 {
					if err := retrieve(t.Context(), client); err != nil {
						t.Fatal(err)
					}
				}
				requireOffset(t, server, 3, time.Hour)
			})
		})
	}
}

// If the local clock is set forward or back by ten minutes while a request is in
// progress, the client ignores the Date of the response.
func TestClockIgnoresADateIfTheLocalClockIsSetDuringTheRequest(t *testing.T) {
	for _, jump := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var local time.Duration
			setting := func(req *http.Request) (*http.Response, error) {
				resp, err := dated(0, refusal)(req)
				local = jump
				return resp, err
			}
			server := scripted(setting, order())
			client := newTestClient(t, server.serve,
				upvest.WithClock(func() time.Time { return time.Now().Add(local) }))
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			// The second request is dated by the changed local clock.
			requireOffset(t, server, 1, jump)
		})
	}
}
