package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// refusedServer is a tokenServer that refuses all calls under /refused with 401, and all
// calls under /forbidden with 403.
type refusedServer struct {
	tokenServer
	refused time.Duration // the latency of calls under /refused
	order   atomic.Int64  // the latency of all other calls
}

func (s *refusedServer) serve(req *http.Request) (*http.Response, error) {
	switch {
	case isTokenRequest(req):
		return s.tokenServer.serve(req)
	case strings.Contains(req.URL.Path, "/refused/"):
		return slow(s.refused, problem(401))(req)
	case strings.Contains(req.URL.Path, "/forbidden"):
		return slow(time.Duration(s.order.Load()), problem(403))(req)
	}
	return slow(time.Duration(s.order.Load()), s.tokenServer.serve)(req)
}

func (s *refusedServer) client(t *testing.T, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientOver(t, roundTrip(s.serve), options...)
}

// requireTokens checks how many tokens were requested.
func (s *refusedServer) requireTokens(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	if len(s.fetches) != want {
		t.Errorf("got %d token requests, want %d", len(s.fetches), want)
	}
}

// start starts a call to which the server responds after the given latency. The returned
// function waits for the call, which must succeed.
func (s *refusedServer) start(t *testing.T, client *upvest.Client, latency time.Duration) (wait func()) {
	t.Helper()
	s.order.Store(int64(latency))
	result := make(chan error, 1)
	go func() { result <- retrieve(t.Context(), client) }()
	synctest.Wait()
	s.order.Store(0)
	return func() {
		t.Helper()
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
}

// callRefused makes a call of the given kind, which the server always refuses.
func callRefused(t *testing.T, client *upvest.Client, kind string) {
	t.Helper()
	request := upvest.Request{Method: http.MethodGet, Path: "/refused/" + kind}
	if err := client.Do(t.Context(), request, nil); !errors.Is(err, upvest.ErrUnauthorized) {
		t.Errorf("got the error %v, want ErrUnauthorized", err)
	}
}

// Each kind of call that is always refused causes at most one token request a minute.
func TestUnauthorizedCallsOfSeveralKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &refusedServer{}
		client := server.client(t)
		for began := time.Now(); time.Since(began) < 2*time.Minute; {
			for kind := range 3 {
				callRefused(t, client, fmt.Sprint(kind))
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
				time.Sleep(500 * time.Millisecond)
			}
		}
		if tokens := len(server.fetches); tokens > 7 {
			t.Errorf("got %d token requests in two minutes, want at most 7: the first one, and "+
				"2 for each of the 3 kinds of call", tokens)
		}
	})
}

// If the server refuses a call, and refuses it again when the client repeats it with a
// new token, then the next refusal of this kind of call makes the client drop this token
// too, unless another call has succeeded with it. That call must have been sent after the
// second refusal.
func TestSuccessesThatConfirmAToken(t *testing.T) {
	for name, test := range map[string]struct {
		succeed func(t *testing.T, server *refusedServer, client *upvest.Client)
		want    int // the number of token requests
	}{
		"sent after the refusal": {
			succeed: func(t *testing.T, server *refusedServer, client *upvest.Client) {
				t.Helper()
				time.Sleep(4 * time.Second)
				server.start(t, client, 0)()
			},
			want: 2,
		},
		"sent before the refusal": {
			succeed: func(t *testing.T, server *refusedServer, client *upvest.Client) {
				t.Helper()
				// the refused call is sent again at 2 s, and refused again at 3 s
				time.Sleep(2500 * time.Millisecond)
				server.start(t, client, 2*time.Second)()
			},
			want: 3,
		},
		"sent after the refusal, then a late response to a call sent before it": {
			succeed: func(t *testing.T, server *refusedServer, client *upvest.Client) {
				t.Helper()
				time.Sleep(2500 * time.Millisecond)
				wait := server.start(t, client, 5*time.Second)
				time.Sleep(2 * time.Second)
				server.start(t, client, 0)()
				wait()
			},
			want: 2,
		},
		"sent with the previous token": {
			succeed: func(t *testing.T, server *refusedServer, client *upvest.Client) {
				t.Helper()
				time.Sleep(4 * time.Second)
				server.start(t, client, 0)()
				wait := server.start(t, client, 10*time.Second)
				callRefused(t, client, "two") // requests a third token
				wait()
			},
			want: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &refusedServer{refused: time.Second}
				client := server.client(t)
				requireAtOnce(t, client)
				refused := make(chan struct{})
				go func() {
					callRefused(t, client, "one")
					close(refused)
				}()
				test.succeed(t, server, client)
				<-refused
				callRefused(t, client, "one")
				server.requireTokens(t, test.want)
			})
		})
	}
}

// After a refusal, the client drops the token at once, even if the local clock was set
// back.
func TestRefusalWithAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset time.Duration
		server := &refusedServer{}
		client := server.client(t, upvest.WithClock(func() time.Time { return time.Now().Add(offset) }))
		requireAtOnce(t, client)
		callRefused(t, client, "one")
		requireAtOnce(t, client)
		offset = -time.Hour
		time.Sleep(2 * time.Minute)
		callRefused(t, client, "one")
		server.requireTokens(t, 3)
	})
}

// If the server refuses a token less than ten seconds after the token arrived, the client
// waits for one second before it requests the next token. If the server refuses the token
// later, the client requests the next token at once.
func TestPauseAfterARefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{}
		client := server.client(t)
		requireAtOnce(t, client)
		time.Sleep(10 * time.Second)
		server.revokeFor("token-2")
		requireAtOnce(t, client)
		time.Sleep(9 * time.Second)
		server.revokeFor("token-3")
		began := time.Now()
		if err := retrieve(t.Context(), client); err != nil || time.Since(began) != time.Second {
			t.Errorf("got the error %v after %s, want success after a wait of 1 s", err, time.Since(began))
		}
	})
}

// If the server revokes a token while the client requests the next token, or just after
// the next token has arrived, the server may have revoked both tokens. The client then
// repeats a refused call with a third token instead of the second.
func TestRevocationWhileAnExpiredTokenIsReplaced(t *testing.T) {
	for name, delay := range map[string]time.Duration{
		"revoked while the next token is requested": 5 * time.Second,
		"revoked just after the next token arrived": 0,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &refusedServer{tokenServer: tokenServer{life: "10"}}
				client := server.client(t)
				requireAtOnce(t, client)
				time.Sleep(5 * time.Second)
				waitFirst := server.start(t, client, 8*time.Second)
				time.Sleep(6 * time.Second) // the token has expired
				server.delay = delay
				waitSecond := server.start(t, client, 0)
				time.Sleep(time.Second)
				server.revokeFor("token-3")
				waitFirst()
				waitSecond()
				server.requireTokens(t, 3)
			})
		})
	}
}

// Several calls that the server refuses with 403 start only one renewal of the token. A
// 403 for a call with an older token starts no renewal.
func TestForbiddenRenewsTheTokenOnce(t *testing.T) {
	forbidden := upvest.Request{Method: http.MethodGet, Path: "/forbidden"}
	synctest.Test(t, func(t *testing.T) {
		server := &refusedServer{tokenServer: tokenServer{life: "3600"}}
		client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{AttemptTimeout: time.Hour}))
		requireAtOnce(t, client)
		time.Sleep(61 * time.Second)
		server.delay = 20 * time.Second
		for range 3 {
			_ = client.Do(t.Context(), forbidden, nil)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute) // token-2 has arrived
		server.requireTokens(t, 2)

		server.delay = 0
		server.order.Store(int64(90 * time.Second))
		late := make(chan error)
		go func() { late <- client.Do(t.Context(), forbidden, nil) }()
		synctest.Wait()
		server.order.Store(0)
		server.revokeFor("token-3")
		requireAtOnce(t, client)
		if err := <-late; !errors.Is(err, upvest.ErrForbidden) {
			t.Errorf("got the error %v, want ErrForbidden", err)
		}
		server.requireTokens(t, 3)
	})
}

// If the limiter refuses the token request, all calls that wait for the token fail
// together instead of one after the other.
func TestCallsFailTogetherIfTheLimiterRefusesTheTokenRequest(t *testing.T) {
	const calls = 50
	synctest.Test(t, func(t *testing.T) {
		var turns atomic.Int64
		limiter := limiterFunc(func(context.Context) error {
			taken := turns.Add(1)
			time.Sleep(time.Millisecond)
			if taken > calls { // every call has had its turn
				return errors.New("no turn left")
			}
			return nil
		})
		client := (&tokenServer{}).client(t, upvest.WithLimiter(limiter))
		began := time.Now()
		var group sync.WaitGroup
		for range calls {
			group.Go(func() { requireText(t, retrieve(t.Context(), client), "no turn left") })
		}
		group.Wait()
		if passed := time.Since(began); passed > 2*time.Second {
			t.Errorf("the last call failed after %s, want at most 2 s", passed)
		}
	})
}

// If a refusal has a wrong Date header, the client signs the repeated call with a wrong
// time. If the server refuses the repeated call too, the reason may be the wrong time.
// Therefore, the client must not conclude that the server always refuses this kind of
// call, and must drop the token at the next refusal.
func TestRefusalWithAWrongDateStillDropsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{}
		isRefusing := true
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isRefusing && !isTokenRequest(req) {
				return dated(time.Hour, refusal)(req)
			}
			return server.serve(req)
		}))
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
			t.Fatalf("got the error %v, want ErrUnauthorized", err)
		}
		isRefusing = false
		time.Sleep(15 * time.Second)
		if err := createOrder(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.revokeFor(fmt.Sprintf("token-%d", len(server.fetches)+1))
		if err := retrieve(t.Context(), client); err != nil {
			t.Errorf("after the token was revoked, got the error %v, want success with a new token", err)
		}
	})
}

// If a request with an older token is refused only after a newer token has arrived, the
// client keeps the newer token.
func TestLateRefusalOfAnOlderToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &refusedServer{}
		client := server.client(t)
		requireAtOnce(t, client)
		time.Sleep(time.Minute)
		server.revokeFor("token-2")
		wait := server.start(t, client, 5*time.Second)
		requireAtOnce(t, client)
		wait()
		server.requireTokens(t, 2)
	})
}
