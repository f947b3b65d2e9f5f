package wrapper

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// Attempt is one attempt of a call. Hooks receive each attempt, and an [Error] lists all
// attempts of its call. fmt, log/slog and encoding/json write an Attempt without secrets,
// keys and bodies.
type Attempt struct {
	// Operation is Upvest's operationId, or "token".
	Operation string
	// Number is the number of the attempt in its call, counted from 1.
	Number int
	// Started is when the request was built, by the local clock. It is the zero time if
	// no request was built.
	Started time.Time
	// Status is the HTTP status of the response, 0 if there was none.
	Status int
	// RequestID is the upvest-request-id of the response.
	RequestID string
	// Duration is the time from building the request to the end of the response or to the
	// failure. It is 0 if no request was built.
	Duration time.Duration
	// Err is the error of the attempt. An error status alone does not set Err.
	Err error
	// Retry states why another attempt follows, for instance "503 Service Unavailable".
	// It is empty on the last attempt. A hook can receive it although no attempt follows,
	// if the context ends during the wait.
	Retry string
	// Wait is the time before the next attempt.
	Wait time.Duration
}

// LogValue returns an explicit list of fields, so that a field that is added to Attempt
// is never logged by accident. fmt and encoding/json write the same fields.
func (a Attempt) LogValue() slog.Value { return slog.GroupValue(a.fields()...) }

// Format prints the fields of LogValue, for every verb.
func (a Attempt) Format(state fmt.State, _ rune) { fmt.Fprint(state, a.fields()) }

// MarshalJSON writes the fields of LogValue, with durations in nanoseconds, as
// [slog.JSONHandler] writes them.
func (a Attempt) MarshalJSON() ([]byte, error) {
	fields := map[string]any{}
	for _, field := range a.fields() {
		fields[field.Key] = field.Value.Any()
	}
	return json.Marshal(fields)
}

func (a Attempt) fields() []slog.Attr {
	fields := []slog.Attr{
		slog.String("operation", a.Operation),
		slog.Int("attempt", a.Number),
		slog.Int("status", a.Status),
		slog.String("request_id", wire.Line(a.RequestID)),
		slog.Duration("duration", a.Duration),
	}
	if a.Err != nil {
		fields = append(fields, slog.String("error", wire.ErrorLine(a.Err)))
	}
	if a.Retry != "" {
		fields = append(fields, slog.String("retry", a.Retry), slog.Duration("wait", a.Wait))
	}
	return fields
}

// logAttempts returns a hook that logs successful attempts at debug level, and failed or
// retried attempts as warnings.
func logAttempts(logger *slog.Logger) func(context.Context, Attempt) {
	return func(ctx context.Context, attempt Attempt) {
		level := slog.LevelDebug
		if attempt.Err != nil || attempt.Retry != "" || attempt.Status/100 != 2 {
			level = slog.LevelWarn
		}
		logger.LogAttrs(ctx, level, "upvest request", slog.Any("upvest", attempt))
	}
}
