package wrapper_test

import (
	"math"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestRetryAfter(t *testing.T) {
	now := synctestStart.Format(http.TimeFormat)
	in9Seconds := synctestStart.Add(9 * time.Second).Format(http.TimeFormat)
	before := synctestStart.Add(-time.Second).Format(http.TimeFormat)
	for name, test := range map[string]struct {
		header []string
		want   time.Duration
	}{
		"no Retry-After": {},
		"seconds":        {header: []string{"Retry-After", "7"}, want: 7 * time.Second},
		"zero seconds":   {header: []string{"Retry-After", "0"}},
		"the maximum":    {header: []string{"Retry-After", "30"}, want: 30 * time.Second},
		"a date and a Date header": {
			header: []string{"Retry-After", in9Seconds, "Date", now}, want: 9 * time.Second,
		},
		"a date without a Date header": {header: []string{"Retry-After", in9Seconds}, want: 9 * time.Second},
		"a date in the past":           {header: []string{"Retry-After", before, "Date", now}},
		"neither a number nor a date":  {header: []string{"Retry-After", "soon"}},
		"a negative number":            {header: []string{"Retry-After", "-5"}},
		"a fraction":                   {header: []string{"Retry-After", "1.5"}, want: 2 * time.Second},
		"a small fraction":             {header: []string{"Retry-After", "0.05"}, want: time.Second},
		"a fraction that is zero":      {header: []string{"Retry-After", "3.000"}, want: 3 * time.Second},
		"just below the maximum":       {header: []string{"Retry-After", "29.71"}, want: 30 * time.Second},
		"a number with a unit":         {header: []string{"Retry-After", "1.5s"}},
		"two points":                   {header: []string{"Retry-After", "1.5.2"}},
		"no digit before the point":    {header: []string{"Retry-After", ".5"}},
		"an exponent":                  {header: []string{"Retry-After", "1e1"}},
		"a negative fraction":          {header: []string{"Retry-After", "1.-5"}},
		"a date of a server with a wrong clock": {
			header: []string{
				"Retry-After", "Sun, 05 Mar 2023 10:00:12 GMT",
				"Date", "Sun, 05 Mar 2023 10:00:00 GMT",
			},
			want: 12 * time.Second,
		},
	} {
		for _, status := range []int{429, 503} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := scripted(problem(status, test.header...), success(orderBody))
					client := newTestClient(t, server.serve, upvest.WithRandom(fixedRandom(0)))
					if err := retrieve(t.Context(), client); err != nil {
						t.Error(err)
					}
					if waits := server.waits(); len(waits) != 1 || waits[0] != test.want {
						t.Errorf("after the status %d, the waits are %v, want one wait of %s",
							status, waits, test.want)
					}
				})
			})
		}
	}
}

// If Retry-After asks for a longer wait than the retry policy allows, the call fails at
// once.
func TestRetryAfterThatIsTooLong(t *testing.T) {
	now := synctestStart.Format(http.TimeFormat)
	in31Seconds := synctestStart.Add(31 * time.Second).Format(http.TimeFormat)
	for name, header := range map[string][]string{
		"31 seconds":                    {"Retry-After", "31"},
		"a huge number":                 {"Retry-After", "99999999999999999999999"},
		"a huge number with a fraction": {"Retry-After", "99999999999999999999999.5"},
		"a number with a fraction":      {"Retry-After", "292.05"},
		"slightly more than 30 seconds": {"Retry-After", "30.000000000000000000001"},
		"a date and a Date header":      {"Retry-After", in31Seconds, "Date", now},
		"a date without a Date header":  {"Retry-After", in31Seconds},
	} {
		for _, status := range []int{429, 503} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := scripted(problem(status, header...), success(orderBody))
					start := time.Now()
					err := retrieve(t.Context(), newTestClient(t, server.serve))
					requireText(t, err, "more than the retry policy allows")
					failure := asError(t, err)
					if failure.Status != status {
						t.Errorf("the error has the status %d, want %d", failure.Status, status)
					}
					server.requireRequests(t, 1)
					if took := time.Since(start); took != 0 {
						t.Errorf("the call took %s, want no wait", took)
					}
				})
			})
		}
	}
}

func TestRetryAfterIsTheMinimumWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503, "Retry-After", "1"), success(orderBody))
		client := newTestClient(t, server.serve,
			upvest.WithRandom(fixedRandom(3*time.Second)),
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 5 * time.Second}))
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
		if waits := server.waits(); len(waits) != 1 || waits[0] != 3*time.Second {
			t.Errorf("the waits are %v, want one wait of 3 s, the jitter, because Retry-After is shorter",
				waits)
		}
	})
}

// The client waits for the time in Retry-After plus a random time. The random time is at
// most a quarter of Retry-After or 250 ms, whichever is longer.
func TestRetryAfterHasJitter(t *testing.T) {
	for after, most := range map[string]time.Duration{
		"0": 250 * time.Millisecond, "1": 250 * time.Millisecond,
		"8": 2 * time.Second, "7.5": 2 * time.Second, "30": 7500 * time.Millisecond,
	} {
		for _, random := range []time.Duration{0, most / 3, most} {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(problem(429, "Retry-After", after), success(orderBody))
				client := newTestClient(t, server.serve, upvest.WithRandom(fixedRandom(random)),
					upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				seconds, err := strconv.ParseFloat(after, 64)
				if err != nil {
					t.Fatal(err)
				}
				want := time.Duration(math.Ceil(seconds))*time.Second + random
				if wait := server.waits()[0]; wait != want {
					t.Errorf("Retry-After %s: the wait is %s, want %s", after, wait, want)
				}
			})
		}
	}
}

// If the server refuses many calls at the same time, the client repeats most of them at
// different times.
func TestRetryAfterSpreadsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 80
		server := scripted(problem(429, "Retry-After", "1"))
		for range calls - 1 {
			server.steps = append(server.steps, server.steps[0])
		}
		server.steps = append(server.steps, success(orderBody))
		retrieveAtOnce(t, newTestClient(t, server.serve), calls)
		instants := map[time.Duration]bool{}
		for _, at := range server.at[calls:] {
			since := at.Sub(synctestStart)
			if since < time.Second || since > 1250*time.Millisecond {
				t.Errorf("a call was repeated after %s, want 1 s to 1.25 s", since)
			}
			instants[since] = true
		}
		if len(instants) < calls*9/10 {
			t.Errorf("%d calls were repeated at %d different times, want at least %d",
				calls, len(instants), calls*9/10)
		}
	})
}

// If Retry-After is a date and the response has no Date header, the client measures the
// wait by the server's clock. An earlier response has shown how far this clock is ahead
// of the local clock.
func TestRetryAfterDateCountsFromTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: time.Hour}
		isThrottling := false
		var at []time.Time
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isThrottling && !isTokenRequest(req) {
				at = append(at, time.Now())
				isThrottling = len(at) < 2
				after := time.Now().Add(server.ahead + 9*time.Second).UTC().Format(http.TimeFormat)
				return problem(503, "Retry-After", after)(req)
			}
			return server.serve(req)
		}))
		server.t = t
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		isThrottling = true
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if len(at) != 2 {
			t.Fatalf("the server refused %d requests with 503, want 2", len(at))
		}
		if wait := at[1].Sub(at[0]); wait < 9*time.Second || wait > 12*time.Second {
			t.Errorf("the client waited %s, want 9 s to 12 s", wait)
		}
	})
}
