package wrapper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// recorder records the attempts that are passed to its method hook.
type recorder struct {
	mu       sync.Mutex
	attempts []upvest.Attempt
}

func (r *recorder) hook(_ context.Context, attempt upvest.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, attempt)
}

func TestHookSeesEveryAttempt(t *testing.T) {
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen recorder
				calls := scripted(
					slow(2*time.Second, problem(429, "Retry-After", "3")),
					slow(time.Second, failing(io.ErrUnexpectedEOF)),
					problem(401),
					slow(4*time.Second, success(operation.success)),
				)
				server := &tokenServer{
					steps:   []roundTrip{slow(time.Second, problem(503))},
					respond: calls.serve,
				}
				client := server.client(t,
					upvest.WithAttemptHook(seen.hook), upvest.WithRandom(fixedRandom(0)))
				if _, err := operation.call(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				requireAttemptsSeen(t, seen.attempts, operation.id)
			})
		})
	}
}

// requireAttemptsSeen checks the attempts of [TestHookSeesEveryAttempt].
func requireAttemptsSeen(t *testing.T, got []upvest.Attempt, operation string) {
	t.Helper()
	want := []upvest.Attempt{
		{
			Operation: "token", Number: 1, Status: 503, RequestID: "request-503", Duration: time.Second,
			Retry: "503 Service Unavailable",
		},
		{Operation: "token", Number: 2, Status: 200},
		{
			Operation: operation, Number: 1, Status: 429, RequestID: "request-429", Duration: 2 * time.Second,
			Retry: "429 Too Many Requests", Wait: 3 * time.Second,
		},
		{
			Operation: operation, Number: 2, Duration: time.Second, Err: io.ErrUnexpectedEOF,
			Retry: "network failure",
		},
		{
			Operation: operation, Number: 3, Status: 401, RequestID: "request-401",
			Retry: "credentials renewed",
		},
		{Operation: "token", Number: 1, Status: 200},
		{Operation: operation, Number: 4, Status: 200, Duration: 4 * time.Second},
	}
	if operation == "cancel_portfolios_order" {
		want[len(want)-1].RequestID = "request-2xx"
	}
	if len(got) != len(want) {
		t.Fatalf("the hook saw %d attempts, want %d; the attempts are %+v", len(got), len(want), got)
	}
	started := synctestStart
	for i, attempt := range got {
		// The server has refused a call with a new token, so the client waits a second
		// before it requests the next token.
		if i == 5 {
			started = started.Add(time.Second)
		}
		if !attempt.Started.Equal(started) {
			t.Errorf("attempt %d started at %s, want %s", i, attempt.Started, started)
		}
		started = started.Add(want[i].Duration + want[i].Wait)
		attempt.Started = time.Time{}
		if !errors.Is(attempt.Err, want[i].Err) {
			t.Errorf("attempt %d has the error %v, want %v", i, attempt.Err, want[i].Err)
		}
		attempt.Err = want[i].Err
		if attempt != want[i] {
			t.Errorf("attempt %d is %+v, want %+v", i, attempt, want[i])
		}
	}
}

func TestHookSeesAttemptsThatWereNotSent(t *testing.T) {
	var seen recorder
	cause := errors.New("no turn left")
	client := newTestClient(t, nil,
		upvest.WithAttemptHook(seen.hook),
		upvest.WithTokenSource(staticToken("token")),
		upvest.WithLimiter(limiterFunc(func(context.Context) error { return cause })))
	_ = retrieve(t.Context(), client)
	if len(seen.attempts) != 1 {
		t.Fatalf("the hook saw %d attempts, want one: %+v", len(seen.attempts), seen.attempts)
	}
	attempt := seen.attempts[0]
	if !errors.Is(attempt.Err, cause) || attempt.Status != 0 || attempt.Retry != "" {
		t.Errorf("the hook saw %+v, want an attempt with the limiter's error, no status and no retry",
			attempt)
	}
}

func TestHooksReceiveTheContextOfTheCall(t *testing.T) {
	type key struct{}
	count := 0
	hook := upvest.WithAttemptHook(func(ctx context.Context, _ upvest.Attempt) {
		if got := ctx.Value(key{}); got != "value" {
			t.Errorf("the value in the context is %v, want the value from the context of the call", got)
		}
		count++
	})
	client := newTestClient(t, success(orderBody), hook, hook, upvest.WithTokenSource(staticToken("token")))
	if err := retrieve(context.WithValue(t.Context(), key{}, "value"), client); err != nil {
		t.Fatal(err)
	}
	if count != 2 {
		t.Errorf("the two hooks were called %d times in all, want once each", count)
	}
}

func TestLoggerRecordsEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var output bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))
		server := scripted(
			slow(time.Second, problem(503, "Retry-After", "2")),
			failing(io.ErrUnexpectedEOF),
			success(orderBody))
		client := newTestClient(t, server.serve,
			upvest.WithLogger(logger),
			upvest.WithRandom(fixedRandom(0)),
			upvest.WithTokenSource(staticToken("token")))
		if err := createOrder(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		want := []logRecord{
			{Level: "WARN", Upvest: map[string]any{
				"operation": "create_portfolios_order", "attempt": 1.0, "status": 503.0,
				"request_id": "request-503", "duration": 1e9,
				"retry": "503 Service Unavailable", "wait": 2e9,
			}},
			{Level: "WARN", Upvest: map[string]any{
				"operation": "create_portfolios_order", "attempt": 2.0, "status": 0.0,
				"request_id": "", "duration": 0.0, "error": "unexpected EOF",
				"retry": "network failure", "wait": 0.0,
			}},
			{Level: "DEBUG", Upvest: map[string]any{
				"operation": "create_portfolios_order", "attempt": 3.0, "status": 200.0,
				"request_id": "", "duration": 0.0,
			}},
		}
		if got := parseLog(t, output.String()); !slices.EqualFunc(got, want, logRecord.equal) {
			t.Errorf("the log is\n%s\nwant the records %+v", output.String(), want)
		}
	})
}

// A redirect is a failure, because the client does not follow it.
func TestLoggerWarnsOfARedirect(t *testing.T) {
	var output bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&output, nil))
	client := newTestClient(t, problem(http.StatusFound), upvest.WithLogger(logger),
		upvest.WithTokenSource(staticToken("token")))
	if err := createOrder(t.Context(), client); err == nil {
		t.Error("the call succeeded, want an error")
	}
	got := parseLog(t, output.String())
	if len(got) != 1 || got[0].Level != "WARN" || got[0].Upvest["status"] != 302.0 {
		t.Errorf("the log is %q, want one warning with the status 302", output.String())
	}
}

// logRecord is what the client logs about an attempt.
type logRecord struct {
	Level  string
	Upvest map[string]any
}

func (r logRecord) equal(other logRecord) bool {
	return r.Level == other.Level && maps.Equal(r.Upvest, other.Upvest)
}

func parseLog(t *testing.T, text string) []logRecord {
	t.Helper()
	var records []logRecord
	for line := range strings.Lines(text) {
		var record logRecord
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}

func TestSignatureBaseHidesTheToken(t *testing.T) {
	var bases []string
	client := (&tokenServer{}).client(t, upvest.WithSignatureBase(func(base string) {
		bases = append(bases, base)
	}))
	if err := createOrder(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if len(bases) != 2 {
		t.Fatalf("got %d signature bases, want one for the token request and one for the order", len(bases))
	}
	for _, base := range bases {
		if strings.Contains(base, "token-1") || strings.Contains(base, "test-secret") {
			t.Errorf("the signature base contains a secret, want none:\n%s", base)
		}
	}
	for _, line := range []string{
		`"@method": POST`,
		`"@path": /portfolios/orders`,
		`"authorization": (hidden)`,
		`"@signature-params": (`,
	} {
		if !strings.Contains(bases[1], line) {
			t.Errorf("the signature base does not contain %s, want it to:\n%s", line, bases[1])
		}
	}
}
