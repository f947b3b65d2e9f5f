package wrapper

import (
	"context"
	"log/slog"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// Attempt is one try of a call, as hooks and errors see it. It holds no secret, key or body.
type Attempt struct {
	// Operation is Upvest's operationId, or "token".
	Operation string
	// Number counts the attempts of a call from 1.
	Number int
	// Status is the HTTP status of the answer, 0 if there was none.
	Status int
	// RequestID is the upvest-request-id of the answer.
	RequestID string
	// Duration is the time from building the request to the end of the answer.
	Duration time.Duration
	// Err is what went wrong, other than the status.
	Err error
	// Retry says why the call is tried again, for instance "503 Service Unavailable". It is empty on the last attempt.
	Retry string
	// Wait is the time before the next attempt.
	Wait time.Duration
}

// LogValue shows the attempt by an explicit list of fields, so that a new one is never logged by accident.
func (a Attempt) LogValue() slog.Value {
	attributes := []slog.Attr{
		slog.String("operation", a.Operation),
		slog.Int("attempt", a.Number),
		slog.Int("status", a.Status),
		slog.String("request_id", wire.Line(a.RequestID)),
		slog.Duration("duration", a.Duration),
	}
	if a.Err != nil {
		attributes = append(attributes, slog.String("error", a.Err.Error()))
	}
	if a.Retry != "" {
		attributes = append(attributes, slog.String("retry", a.Retry), slog.Duration("wait", a.Wait))
	}
	return slog.GroupValue(attributes...)
}

// logAttempts returns a hook that logs: at debug level what succeeded, as a warning what failed or is tried again.
func logAttempts(logger *slog.Logger) func(context.Context, Attempt) {
	return func(ctx context.Context, attempt Attempt) {
		level := slog.LevelDebug
		if attempt.Err != nil || attempt.Retry != "" || attempt.Status >= 400 {
			level = slog.LevelWarn
		}
		logger.LogAttrs(ctx, level, "upvest request", slog.Any("upvest", attempt))
	}
}
