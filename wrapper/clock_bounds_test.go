package wrapper_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// After a 401, the client corrects the time of its signatures if the server's clock
// differs by 5 seconds to 24 hours, in either direction. It uses the Date only of a
// response that took at most 5 seconds.
func TestClockCorrectsDifferencesOfFiveSecondsToADay(t *testing.T) {
	for name, test := range map[string]struct {
		first roundTrip
		want  time.Duration // the offset of the second attempt
	}{
		"server 5 s ahead":  {first: dated(5*time.Second, refusal), want: 5 * time.Second},
		"server 5 s behind": {first: dated(-5*time.Second, refusal), want: -5 * time.Second},
		"server an hour ahead, response after 5 s": {
			first: slow(5*time.Second, dated(time.Hour, refusal)), want: time.Hour,
		},
		"server 24 h behind": {first: dated(-24*time.Hour, refusal), want: -24 * time.Hour},
		"server 25 h behind": {first: dated(-25*time.Hour, refusal)},
		"server 25 h ahead":  {first: dated(25*time.Hour, refusal)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(test.first, order())
				if err := retrieve(t.Context(), newTestClient(t, server.serve)); err != nil {
					t.Fatal(err)
				}
				requireOffset(t, server, 1, test.want)
			})
		})
	}
}

// A refusal without a usable Date leaves the offset unchanged.
func TestClockKeepsItsOffsetAfterARefusalWithoutADate(t *testing.T) {
	for name, next := range map[string]roundTrip{
		"no Date":            refusal(),
		"response after 6 s": slow(6*time.Second, dated(0, refusal)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(dated(time.Hour, refusal), dated(time.Hour, order), next, order())
				client := newTestClient(t, server.serve)
				for range 2 {
					if err := retrieve(t.Context(), client); err != nil {
						t.Fatal(err)
					}
				}
				requireOffset(t, server, 2, time.Hour)
				requireOffset(t, server, 3, time.Hour)
			})
		})
	}
}

// If the difference between the clocks falls below 5 seconds, the client drops its offset
// instead of replacing it with that difference.
func TestClockDropsItsOffsetForASmallDifference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(dated(time.Hour, refusal), dated(time.Hour, order),
			dated(3*time.Second, refusal), dated(3*time.Second, order), order())
		client := newTestClient(t, server.serve)
		for range 3 {
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		requireOffset(t, server, 3, 0)
		requireOffset(t, server, 4, 0)
	})
}

// Clients that share a token source share the offset of the server's clock, even if one
// of them learns the offset after both clients were created.
func TestClockIsSharedWithTheTokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: 10 * time.Minute, lenient: true}
		first := server.client(t)
		second := server.client(t, upvest.WithTokenSource(first.TokenSource()))
		for _, client := range []*upvest.Client{first, second} {
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if len(server.refused) != 1 {
			t.Errorf("the requests to %q were refused, want one refusal: the first client's first request",
				server.refused)
		}
	})
}

// If the client repeats an attempt with a corrected time, Attempt.Retry of the refused
// attempt describes the difference between the clocks.
func TestClockDifferenceIsDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		hook := func(_ context.Context, attempt upvest.Attempt) {
			if attempt.Retry != "" {
				reasons = append(reasons, attempt.Retry)
			}
		}
		server := &timeServer{lenient: true}
		client := server.client(t, upvest.WithAttemptHook(hook))
		for _, ahead := range []time.Duration{10 * time.Minute, -time.Hour, 0} {
			server.ahead = ahead
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{
			"credentials renewed, the local clock is 10m0s behind the server's",
			"credentials renewed, the local clock is 1h0m0s ahead of the server's",
			"credentials renewed, the local clock agrees with the server's again",
		}
		if !slices.Equal(reasons, want) {
			t.Errorf("the retry reasons are %q, want %q", reasons, want)
		}
	})
}
