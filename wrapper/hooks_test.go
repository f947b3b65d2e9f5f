package wrapper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// recorder notes the attempts that a hook sees.
type recorder struct {
	mu       sync.Mutex
	attempts []upvest.Attempt
}

func (r *recorder) hook(_ context.Context, attempt upvest.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, attempt)
}

// slow answers after a time.
func slow(after time.Duration, next step) step {
	return func(req *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
			return next(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

func TestHookSeesEveryAttempt(t *testing.T) {
	for _, operation := range everyOperation() {
		synctest.Test(t, func(t *testing.T) {
			var seen recorder
			server := &tokenServer{answers: scripted(slow(time.Second, problem(503)))}
			script := script{steps: scripted(
				slow(2*time.Second, problem(429, "Retry-After", "3")),
				slow(time.Second, failing(io.ErrUnexpectedEOF)),
				problem(401),
				slow(4*time.Second, success(operation.success)),
			)}
			server.other = script.serve
			if _, err := operation.call(t.Context(), server.client(t, upvest.WithAttemptHook(seen.hook),
				upvest.WithRandom(fixedRandom(0)))); err != nil {
				t.Fatalf("%s: %v", operation.id, err)
			}
			want := []upvest.Attempt{
				{
					Operation: "token",
					Number:    1,
					Status:    503,
					RequestID: "request-503",
					Duration:  time.Second,
					Retry:     "503 Service Unavailable",
				},
				{Operation: "token", Number: 2, Status: 200},
				{
					Operation: operation.id, Number: 1, Status: 429, RequestID: "request-429", Duration: 2 * time.Second, Retry: "429 Too Many Requests",
					Wait: 3 * time.Second,
				},
				{
					Operation: operation.id,
					Number:    2,
					Duration:  time.Second,
					Err:       io.ErrUnexpectedEOF,
					Retry:     "network failure",
				},
				{
					Operation: operation.id,
					Number:    3,
					Status:    401,
					RequestID: "request-401",
					Retry:     "credentials renewed",
				},
				{Operation: "token", Number: 1, Status: 200},
				{Operation: operation.id, Number: 4, Status: 200, Duration: 4 * time.Second},
			}
			if len(seen.attempts) != len(want) {
				t.Fatalf("%s: %d attempts, want %d: %v", operation.id, len(seen.attempts), len(want), seen.attempts)
			}
			started := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where synctest begins
			for i, attempt := range seen.attempts {
				if !attempt.Started.Equal(started) {
					t.Errorf("%s: attempt %d started at %s, want %s", operation.id, i, attempt.Started, started)
				}
				started = started.Add(want[i].Duration + want[i].Wait)
				attempt.Started = time.Time{}
				if !errors.Is(attempt.Err, want[i].Err) {
					t.Errorf("%s: attempt %d met %v, want %v", operation.id, i, attempt.Err, want[i].Err)
				}
				attempt.Err = want[i].Err
				if attempt != want[i] {
					t.Errorf("%s: attempt %d = %+v, want %+v", operation.id, i, attempt, want[i])
				}
			}
		})
	}
}

func TestHookSeesWhatWasNotSent(t *testing.T) {
	var seen recorder
	cause := errors.New("no turn left")
	client := newTestClient(t, nil, upvest.WithAttemptHook(seen.hook), upvest.WithTokenSource(staticToken("token")),
		upvest.WithLimiter(limiterFunc(func(context.Context) error { return cause })))
	_ = retrieve(t.Context(), client)
	if len(seen.attempts) != 1 || !errors.Is(seen.attempts[0].Err, cause) || seen.attempts[0].Status != 0 || seen.attempts[0].Retry != "" {
		t.Errorf("attempts = %+v, want one that was not sent", seen.attempts)
	}
}

func TestSeveralHooksGetTheContextOfTheCall(t *testing.T) {
	type key struct{}
	var count int
	hook := upvest.WithAttemptHook(func(ctx context.Context, attempt upvest.Attempt) {
		if attempt.Operation != "token" && ctx.Value(key{}) != "value" {
			t.Error("the context is not that of the call")
		}
		count++
	})
	script := script{steps: scripted(success(orderBody))}
	client := newTestClient(t, script.serve, hook, hook, upvest.WithTokenSource(staticToken("token")))
	if err := retrieve(context.WithValue(t.Context(), key{}, "value"), client); err != nil || count != 2 {
		t.Errorf("%d calls of the hooks, %v, want 2", count, err)
	}
}

func TestLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var output bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))
		script := script{steps: scripted(slow(time.Second, problem(503, "Retry-After", "2")), failing(io.ErrUnexpectedEOF), success(orderBody))}
		client := newTestClient(t, script.serve, upvest.WithLogger(logger), upvest.WithRandom(fixedRandom(0)),
			upvest.WithTokenSource(staticToken("token")))
		if _, err := client.Orders.Create(t.Context(), someOrderRequest()); err != nil {
			t.Fatal(err)
		}
		var levels []string
		var groups []map[string]any
		for line := range strings.Lines(output.String()) {
			var record struct {
				Level  string
				Upvest map[string]any
			}
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatal(err)
			}
			levels = append(levels, record.Level)
			groups = append(groups, record.Upvest)
		}
		if strings.Join(levels, " ") != "WARN WARN DEBUG" {
			t.Fatalf("levels = %v:\n%s", levels, output.String())
		}
		for i, want := range []map[string]any{
			{
				"operation": "create_portfolios_order", "attempt": 1.0, "status": 503.0, "request_id": "request-503", "duration": 1e9,
				"retry": "503 Service Unavailable", "wait": 2e9,
			},
			{
				"operation": "create_portfolios_order", "attempt": 2.0, "status": 0.0, "request_id": "", "duration": 0.0,
				"error": "unexpected EOF", "retry": "network failure", "wait": 0.0,
			},
			{
				"operation":  "create_portfolios_order",
				"attempt":    3.0,
				"status":     200.0,
				"request_id": "",
				"duration":   0.0,
			},
		} {
			for name := range groups[i] {
				if _, known := want[name]; !known {
					t.Errorf("record %d logs %s, which is not on the list", i, name)
				}
			}
			for name, value := range want {
				if groups[i][name] != value {
					t.Errorf("record %d: %s = %v, want %v", i, name, groups[i][name], value)
				}
			}
		}
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestLimiterPacesEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		limiter := limiterFunc(func(context.Context) error {
			events = append(events, "wait")
			time.Sleep(time.Minute) // longer than an attempt may take
			return nil
		})
		sent := func(next step) step {
			return func(req *http.Request) (*http.Response, error) {
				events = append(events, "send")
				return next(req)
			}
		}
		server := &tokenServer{answers: scripted(sent(problem(503)), sent(success(`{"access_token": "token", "expires_in": 3600}`)))}
		script := script{steps: scripted(sent(problem(503)), sent(success(orderBody)))}
		server.other = script.serve
		if err := retrieve(t.Context(), server.client(t, upvest.WithLimiter(limiter))); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(events, " "); got != "wait send wait send wait send wait send" {
			t.Errorf("events = %s, want a wait before each of four sendings", got)
		}
	})
}

func TestLimiterThatRefuses(t *testing.T) {
	cause := errors.New("no turn left")
	var turns int
	limiter := limiterFunc(func(context.Context) error {
		if turns--; turns < 0 {
			return cause
		}
		return nil
	})
	script := script{steps: scripted(failing(io.ErrUnexpectedEOF))}
	client := newTestClient(t, script.serve, upvest.WithLimiter(limiter), upvest.WithTokenSource(staticToken("token")),
		upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
	_, err := client.Orders.Create(t.Context(), someOrderRequest())
	if !errors.Is(err, cause) || asError(t, err).Outcome != upvest.OutcomeRefused || len(script.requests) > 0 {
		t.Errorf("error = %v, outcome %q after %d requests, want a refusal", err, asError(t, err).Outcome, len(script.requests))
	}
	turns = 1 // the second attempt gets none, and the first may have done its work
	_, err = client.Orders.Create(t.Context(), someOrderRequest())
	if !errors.Is(err, cause) || !errors.Is(err, upvest.ErrOutcomeUnknown) || len(script.requests) != 1 {
		t.Errorf("error = %v after %d requests, want an unknown outcome", err, len(script.requests))
	}
}

func TestLimiterEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := newTestClient(t, nil, upvest.WithTokenSource(staticToken("token")),
			upvest.WithLimiter(limiterFunc(func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})))
		_, err := client.Orders.Create(ctx, someOrderRequest())
		if !errors.Is(err, context.DeadlineExceeded) || asError(t, err).Outcome != upvest.OutcomeRefused {
			t.Errorf("error = %v, want the deadline and a refusal", err)
		}
	})
}

func TestSignatureBaseHidesTheToken(t *testing.T) {
	var bases []string
	server := &tokenServer{}
	client := server.client(t, upvest.WithSignatureBase(func(base string) { bases = append(bases, base) }))
	if _, err := client.Orders.Create(t.Context(), someOrderRequest()); err != nil {
		t.Fatal(err)
	}
	if len(bases) != 2 {
		t.Fatalf("%d bases, want those of the token and the order", len(bases))
	}
	for _, base := range bases {
		if strings.Contains(base, "token-1") || strings.Contains(base, "test-secret") {
			t.Errorf("the base shows a secret:\n%s", base)
		}
	}
	for _, line := range []string{`"@method": POST`, `"@path": /portfolios/orders`, `"authorization": (hidden)`, `"@signature-params": (`} {
		if !strings.Contains(bases[1], line) {
			t.Errorf("the base has no line %s:\n%s", line, bases[1])
		}
	}
}

func TestUserAgentOfTheTokenRequest(t *testing.T) {
	server := &tokenServer{}
	if err := retrieve(t.Context(), server.client(t, upvest.WithUserAgent("my-service/1.2"))); err != nil {
		t.Fatal(err)
	}
	if agent := server.fetches[0].Header.Get("user-agent"); !strings.HasPrefix(agent, "my-service/1.2 upvest-portfolios-go/") {
		t.Errorf("user-agent = %q", agent)
	}
}
