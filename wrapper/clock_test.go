package wrapper_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// timeServer refuses signatures that were not made within 30 seconds of the server's
// time.
type timeServer struct {
	t       testing.TB
	ahead   time.Duration // how far the server is ahead of the synctest clock
	header  []string      // headers of each response, in addition to Date
	noDate  bool
	lenient bool     // the token endpoint accepts every signature
	refused []string // the paths of the refused requests
	calls   int
	created []time.Duration // how far each call is dated ahead of the server's time
}

func (s *timeServer) serve(req *http.Request) (*http.Response, error) {
	now := time.Now().Add(s.ahead)
	parameters := signatureOf(s.t, req)
	if life := parameters.expires.Sub(parameters.created); life != time.Minute {
		s.t.Errorf("a signature expires %s after its creation, want a minute", life)
	}
	skew := parameters.created.Sub(now.Truncate(time.Second))
	header := s.header
	if !s.noDate {
		header = append(dateOf(now), header...)
	}
	isToken := isTokenRequest(req)
	if !isToken {
		s.calls++
		s.created = append(s.created, skew)
	}
	switch isAccepted := skew.Abs() <= 30*time.Second; {
	case isToken && (isAccepted || s.lenient):
		return success(grantBody("token", "1800"), header...)(req)
	case isAccepted:
		return success(orderBody, header...)(req)
	}
	s.refused = append(s.refused, req.URL.Path)
	return refuse("Signature is incorrect", header...)(req)
}

// refuse responds with a 401 and the given detail.
func refuse(detail string, header ...string) roundTrip {
	return respond(http.StatusUnauthorized, "application/problem+json", refusalBody(detail), header...)
}

func refusalBody(detail string) string {
	return fmt.Sprintf(`{"type": "unauthorised", "status": 401, "detail": %q}`, detail)
}

// dateOf returns the Date header for the given time, as a name and a value.
func dateOf(now time.Time) []string {
	return []string{"Date", now.UTC().Format(http.TimeFormat)}
}

func (s *timeServer) client(t testing.TB, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	s.t = t
	return newClientOver(t, roundTrip(s.serve), options...)
}

func TestClockCorrectsADifferenceOfTenMinutes(t *testing.T) {
	for name, ahead := range map[string]time.Duration{
		"the server is ahead":  10 * time.Minute,
		"the server is behind": -10 * time.Minute,
	} {
		for kind, lenient := range map[string]bool{"strict": false, "lenient": true} {
			for _, policy := range []upvest.RetryPolicy{{}, {MaxAttempts: 1}} {
				t.Run(name+", "+kind+" token endpoint", func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						server := &timeServer{ahead: ahead, lenient: lenient}
						client := server.client(t, upvest.WithRetry(policy))
						for range 3 {
							if err := createOrder(t.Context(), client); err != nil {
								t.Fatal(err)
							}
						}
						if len(server.refused) != 1 {
							t.Errorf("the requests to %q were refused, want one refusal in three calls",
								server.refused)
						}
					})
				})
			}
		}
	}
}

// A token source without a client learns the server's time from the token endpoint.
func TestTokenSourceLearnsTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{t: t, ahead: time.Hour}
		token, err := newTokenSource(t, roundTrip(server.serve)).Token()
		if err != nil {
			t.Fatal(err)
		}
		if token.AccessToken != "token" {
			t.Errorf(`the token is %q, want "token"`, token.AccessToken)
		}
		if len(server.refused) != 1 {
			t.Errorf("the requests to %q were refused, want one refused request", server.refused)
		}
	})
}

// The client does not correct the time of its signatures if the Date of a response is
// missing or invalid. It ignores the Date of a response with an Age header, because a
// cache may have stored that response.
func TestClockIgnoresAnUnusableDate(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		noDate bool
	}{
		"Age of 5":     {header: []string{"Age", "5"}},
		"Age of 0":     {header: []string{"Age", "0"}},
		"no Date":      {noDate: true},
		"invalid Date": {noDate: true, header: []string{"Date", "yesterday"}},
	} {
		for kind, lenient := range map[string]bool{"strict": false, "lenient": true} {
			t.Run(name+", "+kind+" token endpoint", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &timeServer{
						ahead: 10 * time.Minute, header: test.header, noDate: test.noDate, lenient: lenient,
					}
					err := retrieve(t.Context(), server.client(t))
					if !errors.Is(err, upvest.ErrUnauthorized) {
						t.Errorf("got the error %v, want ErrUnauthorized", err)
					}
					requireText(t, err, "Signature is incorrect")
					for _, skew := range server.created {
						if skew.Abs() < 9*time.Minute {
							t.Errorf("a signature is dated %s from the server's time, want about 10 minutes",
								skew)
						}
					}
				})
			})
		}
	}
}

// If the server accepts a signature although the clocks differ by 20 seconds, the client
// does not correct the time of its signatures.
func TestClockIsNotCorrectedAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: 20 * time.Second}
		client := server.client(t)
		for range 3 {
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		for _, skew := range server.created {
			if skew != -20*time.Second {
				t.Errorf("a signature is dated %s from the server's time, want -20s, the local time", skew)
			}
		}
	})
}

// The client ignores a small difference, because Date counts whole seconds and the
// response takes time to arrive.
func TestClockIgnoresASmallDifference(t *testing.T) {
	for _, ahead := range []time.Duration{-4 * time.Second, 0, 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(func(req *http.Request) (*http.Response, error) {
				return refuse("Token is not active", dateOf(time.Now().Add(ahead))...)(req)
			})
			err := retrieve(t.Context(), newTestClient(t, server.serve))
			if !errors.Is(err, upvest.ErrUnauthorized) {
				t.Errorf("got the error %v, want ErrUnauthorized", err)
			}
			server.requireRequests(t, 2)
			first := signatureOf(t, server.requests[0]).created
			second := signatureOf(t, server.requests[1]).created
			// The second attempt waits a second for its token.
			if !second.Equal(first.Add(time.Second)) {
				t.Errorf("server %s ahead: the attempts are dated %s and %s, want one second between them",
					ahead, first, second)
			}
		})
	}
}

// After one of the two clocks has been corrected and both agree, the client drops its
// offset.
func TestClockDropsItsOffsetWhenTheClocksAgree(t *testing.T) {
	for name, isServer := range map[string]bool{"local clock is set": false, "server's clock is set": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &timeServer{ahead: 10 * time.Minute}
				var local time.Duration
				client := server.client(t, upvest.WithoutRetry(),
					upvest.WithClock(func() time.Time { return time.Now().Add(local) }))
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				if isServer {
					server.ahead = 0
				} else {
					local = 10 * time.Minute
				}
				for range 2 {
					if err := retrieve(t.Context(), client); err != nil {
						t.Fatalf("got the error %v after the clocks agreed again, want success", err)
					}
				}
				if last := server.created[len(server.created)-1]; last.Abs() > time.Second {
					t.Errorf("the last call is dated %s from the server's time, want at most 1s", last)
				}
				calls := server.calls
				if err := retrieve(t.Context(), client); err != nil || server.calls != calls+1 {
					t.Errorf("got the error %v after %d requests, want success after one request",
						err, server.calls-calls)
				}
			})
		})
	}
}

// Calls succeed while the difference between the clocks grows, shrinks or changes its
// sign.
func TestClockFollowsAChangingDifference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{}
		client := server.client(t)
		for _, ahead := range []time.Duration{
			10 * time.Minute, 20 * time.Minute, time.Minute, -time.Hour, 0, 40 * time.Second,
			24 * time.Hour, time.Hour,
		} {
			server.ahead = ahead
			if err := retrieve(t.Context(), client); err != nil {
				t.Errorf("with the server %s ahead, got the error %v, want success", ahead, err)
			}
		}
	})
}

// If a refusal has a wrong Date and a reason other than the clock, the client drops the
// offset that it took from this Date.
func TestClockForgetsAnOffsetThatDidNotHelp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var created []time.Duration
		isRefusing := true
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			created = append(created, signatureOf(t, req).created.Sub(time.Now().Truncate(time.Second)))
			if !isRefusing {
				return success(orderBody)(req)
			}
			return refuse("Token is not active", dateOf(time.Now().Add(10*time.Minute))...)(req)
		})
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Fatalf("got the error %v, want ErrUnauthorized", err)
		}
		isRefusing = false
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, 10 * time.Minute, 0}; !slices.Equal(created, want) {
			t.Errorf("the signatures differ from the local time by %v, want %v", created, want)
		}
	})
}

// The client ignores an offset of more than a day, because a signature that is dated
// further in the future could be misused when that time comes.
func TestClockIgnoresAnOffsetOverADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: 25 * time.Hour}
		if err := retrieve(t.Context(), server.client(t)); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Errorf("got the error %v, want ErrUnauthorized", err)
		}
		if len(server.refused) != 1 {
			t.Errorf("the requests to %q were refused, want one refused request", server.refused)
		}
	})
}

// Every response has a wrong Date, although the local clock is correct. After the token
// is revoked, at most one call may fail, and the client receives at most 4 tokens in all.
func TestClockWithWrongDatesFailsAtMostOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		valid := "token-1"
		granted := 0
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			wrong := dateOf(time.Now().Add(90 * time.Second))
			isToken := isTokenRequest(req)
			isLate := time.Until(signatureOf(t, req).created).Abs() > 30*time.Second
			if isLate || !isToken && req.Header.Get("authorization") != "Bearer "+valid {
				return refuse("", wrong...)(req)
			}
			if isToken {
				granted++
				return success(grantBody("token-"+strconv.Itoa(granted), "86400"), wrong...)(req)
			}
			return success(orderBody, wrong...)(req)
		}))
		failed := 0
		for minute := range 1440 {
			if minute == 60 {
				valid = "token-2"
			}
			if err := retrieve(t.Context(), client); err != nil {
				failed++
			}
			time.Sleep(time.Minute)
		}
		if failed > 1 || granted > 4 {
			t.Errorf("got %d failures in 1440 calls and %d tokens, want at most 1 failure and 4 tokens",
				failed, granted)
		}
	})
}

// A call that fails for a reason other than the clock does not change the offset with
// which earlier calls succeeded.
func TestClockKeepsAProvenOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{t: t, ahead: time.Hour}
		isRefusing := false
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isRefusing && !isTokenRequest(req) {
				return refuse("", dateOf(time.Now().Add(2*time.Hour))...)(req)
			}
			return server.serve(req)
		}))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		isRefusing = true
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Fatalf("got the error %v, want ErrUnauthorized", err)
		}
		isRefusing = false
		refused := len(server.refused)
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
		if len(server.refused) != refused {
			t.Errorf("the requests to %q were refused, want none, because the client keeps the offset",
				server.refused[refused:])
		}
	})
}

// If the Date of a token response shows that the local clock was corrected, the client
// dates the next call correctly.
func TestClockFollowsTheTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: 10 * time.Minute, lenient: true}
		var local time.Duration
		client := server.client(t, upvest.WithClock(func() time.Time { return time.Now().Add(local) }))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		local = server.ahead
		time.Sleep(time.Hour) // the token expires
		server.refused = nil
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if len(server.refused) > 0 {
			t.Errorf("the requests to %q were refused, want none", server.refused)
		}
	})
}
