package wrapper_test

import (
	"net/http"
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
		"none":           {},
		"seconds":        {header: []string{"Retry-After", "7"}, want: 7 * time.Second},
		"zero":           {header: []string{"Retry-After", "0"}},
		"the longest":    {header: []string{"Retry-After", "30"}, want: 30 * time.Second},
		"date":           {header: []string{"Retry-After", in9Seconds, "Date", now}, want: 9 * time.Second},
		"date alone":     {header: []string{"Retry-After", in9Seconds}, want: 9 * time.Second},
		"past":           {header: []string{"Retry-After", before, "Date", now}},
		"unknown form":   {header: []string{"Retry-After", "soon"}},
		"negative":       {header: []string{"Retry-After", "-5"}},
		"with fractions": {header: []string{"Retry-After", "1.5"}},
		"date of another clock": {
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
						t.Errorf("%d: the waits are %v, want one of %s", status, waits, test.want)
					}
				})
			})
		}
	}
}

// A call ends at once if the server asks it to wait longer than the policy allows.
func TestRetryAfterThatIsTooLong(t *testing.T) {
	now := synctestStart.Format(http.TimeFormat)
	in31Seconds := synctestStart.Add(31 * time.Second).Format(http.TimeFormat)
	for name, header := range map[string][]string{
		"31 seconds": {"Retry-After", "31"},
		"endless":    {"Retry-After", "99999999999999999999999"},
		"date":       {"Retry-After", in31Seconds, "Date", now},
		"date alone": {"Retry-After", in31Seconds},
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
						t.Errorf("the status is %d, want %d", failure.Status, status)
					}
					server.requireRequests(t, 1)
					if took := time.Since(start); took != 0 {
						t.Errorf("the call took %s, want it to end at once", took)
					}
				})
			})
		}
	}
}

func TestRetryAfterIsTheLeastWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503, "Retry-After", "1"), success(orderBody))
		client := newTestClient(t, server.serve,
			upvest.WithRandom(fixedRandom(3*time.Second)),
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 5 * time.Second}))
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
		if waits := server.waits(); len(waits) != 1 || waits[0] != 3*time.Second {
			t.Errorf("the waits are %v, want the jitter of 3 s, which is longer than Retry-After", waits)
		}
	})
}

// Without a Date in the response, a date counts from the time of the server as far as the
// client knows it.
func TestRetryAfterDateOfAServerWithAnotherClock(t *testing.T) {
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
			t.Fatalf("%d requests were throttled, want 2", len(at))
		}
		if wait := at[1].Sub(at[0]); wait < 9*time.Second || wait > 12*time.Second {
			t.Errorf("the client waited %s, want about 9 s", wait)
		}
	})
}
