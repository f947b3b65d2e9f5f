package wrapper_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// timeServer refuses signatures that were not made within 30 seconds of its own time.
type timeServer struct {
	ahead   time.Duration // of the clock of synctest
	header  []string      // of each refusal, beside Date
	noDate  bool
	lenient bool // at the token endpoint
	refused []string
	created []time.Duration // ahead of the server's time, of each request that is not for a token
	calls   int
}

func (s *timeServer) serve(req *http.Request) (*http.Response, error) {
	now := time.Now().Add(s.ahead)
	parameters := signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))
	created, err := strconv.ParseInt(parameters[1], 10, 64)
	if err != nil {
		return nil, err
	}
	expires, err := strconv.ParseInt(parameters[2], 10, 64)
	if err != nil {
		return nil, err
	}
	if expires-created != 60 {
		return nil, fmt.Errorf("expires is %d seconds after created", expires-created)
	}
	skew := time.Unix(created, 0).Sub(now.Truncate(time.Second))
	header := append([]string{"Date", now.UTC().Format(http.TimeFormat)}, s.header...)
	if s.noDate {
		header = s.header
	}
	isToken := strings.HasSuffix(req.URL.Path, "/auth/token")
	if !isToken {
		s.calls++
		s.created = append(s.created, skew)
	}
	if skew.Abs() > 30*time.Second && !(isToken && s.lenient) {
		s.refused = append(s.refused, req.URL.Path)
		return answer(http.StatusUnauthorized, "application/problem+json",
			`{"type": "unauthorised", "status": 401, "detail": "Signature is incorrect"}`, header...), nil
	}
	if isToken {
		return answer(http.StatusOK, "application/json", `{"access_token": "token", "expires_in": 1800, "token_type": "bearer"}`, header...), nil
	}
	return answer(http.StatusOK, "application/json", orderBody, header...), nil
}

func (s *timeServer) client(t *testing.T, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientOver(t, roundTripper(s.serve), options...)
}

func TestClockTenMinutesOff(t *testing.T) {
	for _, ahead := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		for _, lenient := range []bool{false, true} {
			for _, retry := range []upvest.RetryPolicy{{}, {MaxAttempts: 1}} {
				synctest.Test(t, func(t *testing.T) {
					server := &timeServer{ahead: ahead, lenient: lenient}
					client := server.client(t, upvest.WithRetry(retry))
					for range 3 {
						if order, err := client.Orders.Create(t.Context(), someOrderRequest()); err != nil || order.ID != someOrder {
							t.Fatalf("%s ahead: %v, %v", ahead, order, err)
						}
					}
					if len(server.refused) != 1 {
						t.Errorf("%s ahead, lenient %t: refused were %v, want one: the skew is remembered", ahead, lenient, server.refused)
					}
				})
			}
		}
	}
}

// The skew is learnt at the token endpoint as well, and by a source that is used alone.
func TestClockOfATokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: time.Hour}
		source, err := upvest.NewTokenSource(testCredentials(t), upvest.WithHTTPClient(&http.Client{Transport: roundTripper(server.serve)}))
		if err != nil {
			t.Fatal(err)
		}
		if token, err := source.Token(); err != nil || token.AccessToken != "token" {
			t.Errorf("token = %v, %v", token, err)
		}
		if len(server.refused) != 1 {
			t.Errorf("refused were %v, want one", server.refused)
		}
	})
}

func TestClockIsNotLearntFromWhatACacheKept(t *testing.T) {
	for name, server := range map[string]*timeServer{
		"Age":      {ahead: 10 * time.Minute, header: []string{"Age", "5"}},
		"Age 0":    {ahead: 10 * time.Minute, header: []string{"Age", "0"}},
		"no Date":  {ahead: 10 * time.Minute, noDate: true},
		"odd Date": {ahead: 10 * time.Minute, noDate: true, header: []string{"Date", "yesterday"}},
	} {
		for _, lenient := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				server.lenient = lenient
				server.refused = nil
				server.created = nil
				err := retrieve(t.Context(), server.client(t))
				if !errors.Is(err, upvest.ErrUnauthorized) || !strings.Contains(fmt.Sprint(err), "Signature is incorrect") {
					t.Errorf("%s: %v, want the 401 with its detail", name, err)
				}
				for _, skew := range server.created {
					if skew.Abs() < 9*time.Minute {
						t.Errorf("%s: created is %s off: the skew was learnt", name, skew)
					}
				}
			})
		}
	}
}

func TestClockIsNotLearntFromASuccess(t *testing.T) {
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
				t.Errorf("created is %s off, want our own time", skew)
			}
		}
	})
}

// A small difference is that of whole seconds and of the way here.
func TestSmallSkewIsIgnored(t *testing.T) {
	for _, ahead := range []time.Duration{-4 * time.Second, 0, 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var created []string
			client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
				created = append(created, signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))[1])
				return answer(http.StatusUnauthorized, "application/problem+json", `{"type": "unauthorised", "status": 401}`,
					"Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat)), nil
			})
			if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
				t.Error(err)
			}
			if len(created) != 2 || created[0] != created[1] {
				t.Errorf("%s ahead: created = %v, want the same twice", ahead, created)
			}
		})
	}
}

func TestSkewIsUnlearnt(t *testing.T) {
	for _, sudden := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			server := &timeServer{ahead: 10 * time.Minute}
			local := time.Duration(0)
			client := server.client(t, upvest.WithClock(func() time.Time { return time.Now().Add(local) }), upvest.WithoutRetry())
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			local = 10 * time.Minute // the host's clock is set right
			if sudden {
				server.ahead = 0
				local = 0 // or the server's
			}
			for range 2 {
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatalf("after the clocks agree: %v", err)
				}
			}
			if last := server.created[len(server.created)-1]; last.Abs() > time.Second {
				t.Errorf("created is %s off, though the clocks agree", last)
			}
			calls := server.calls
			if err := retrieve(t.Context(), client); err != nil || server.calls != calls+1 {
				t.Errorf("%v after %d calls, want one", err, server.calls-calls)
			}
		})
	}
}

// Skew that grows, shrinks or turns round is learnt anew.
func TestSkewThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{}
		client := server.client(t)
		for _, ahead := range []time.Duration{
			10 * time.Minute, 20 * time.Minute, time.Minute, -time.Hour, 0, 40 * time.Second,
			24 * time.Hour, time.Hour,
		} {
			server.ahead = ahead
			if err := retrieve(t.Context(), client); err != nil {
				t.Errorf("%s ahead: %v", ahead, err)
			}
		}
	})
}

// A wrong Date and a refusal for another reason must not leave a client with a wrong
// clock.
func TestSkewThatDoesNotHelpIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var created []time.Duration
		refuse := true
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			seconds, err := strconv.ParseInt(signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))[1], 10, 64)
			if err != nil {
				return nil, err
			}
			created = append(created, time.Unix(seconds, 0).Sub(time.Now().Truncate(time.Second)))
			if !refuse {
				return answer(http.StatusOK, "application/json", orderBody), nil
			}
			date := time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat)
			return answer(http.StatusUnauthorized, "application/problem+json", `{"type": "unauthorised", "status": 401}`, "Date", date), nil
		})
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Fatalf("got %v, want the 401", err)
		}
		refuse = false
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, 10 * time.Minute, 0}; !slices.Equal(created, want) {
			t.Errorf("created is off by %v, want %v", created, want)
		}
	})
}

// What is believed of a Date is bounded.
func TestSkewBeyondADayIsNotLearnt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: 25 * time.Hour}
		if err := retrieve(t.Context(), server.client(t)); !errors.Is(err, upvest.ErrUnauthorized) || len(server.refused) != 1 {
			t.Errorf("%v after %v, want the 401 at once", err, server.refused)
		}
	})
}

// A Date that is wrong, a right clock and a token that was revoked: one call pays, and no
// other.
func TestWrongDateIsForgottenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := "token-1"
		granted := 0
		client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			wrong := []string{"Date", time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)}
			seconds, err := strconv.ParseInt(signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))[1], 10, 64)
			if err != nil {
				return nil, err
			}
			isToken := strings.HasSuffix(req.URL.Path, "/auth/token")
			if time.Until(time.Unix(seconds, 0)).Abs() > 30*time.Second || !isToken && req.Header.Get("authorization") != "Bearer "+good {
				return answer(http.StatusUnauthorized, "application/problem+json", `{"type": "unauthorised", "status": 401}`, wrong...), nil
			}
			if isToken {
				granted++
				return answer(http.StatusOK, "application/json", fmt.Sprintf(`{"access_token": "token-%d", "expires_in": 86400}`, granted), wrong...), nil
			}
			return answer(http.StatusOK, "application/json", orderBody, wrong...), nil
		}))
		failed := 0
		for minute := range 1440 {
			if minute == 60 {
				good = "token-2"
			}
			if err := retrieve(t.Context(), client); err != nil {
				failed++
			}
			time.Sleep(time.Minute)
		}
		if failed > 1 || granted > 4 {
			t.Errorf("%d of 1440 calls failed, %d tokens were granted", failed, granted)
		}
	})
}

// A call that fails for another reason takes nothing from what others proved.
func TestProvedSkewSurvivesAFailedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &timeServer{ahead: time.Hour}
		refuseAll := false
		client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			if refuseAll && !strings.HasSuffix(req.URL.Path, "/auth/token") {
				date := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
				return answer(http.StatusUnauthorized, "application/problem+json", `{"type": "unauthorised", "status": 401}`, "Date", date), nil
			}
			return server.serve(req)
		}))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		refuseAll = true
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Fatal(err)
		}
		refuseAll = false
		refused := len(server.refused)
		if err := retrieve(t.Context(), client); err != nil || len(server.refused) != refused {
			t.Errorf("%v, refused %v: the skew was forgotten", err, server.refused[refused:])
		}
	})
}
