package main

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const scope = "github.com/d8277167/upvest-portfolios-go/examples/otel"

// attemptHook returns a hook that records each attempt as a span and in a histogram, with
// the operation, the status and whether the client retries the attempt. The span also has
// the request ID, which Upvest's support needs to find a request. The histogram does not
// have the request ID, because each ID would start a new time series.
func attemptHook(
	traces trace.TracerProvider, metrics metric.MeterProvider,
) (func(context.Context, upvest.Attempt), error) {
	tracer := traces.Tracer(scope)
	durations, err := metrics.Meter(scope).Float64Histogram("upvest.attempt.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Time from building a request to the end of its response, or to the failure."))
	if err != nil {
		return nil, fmt.Errorf("create the histogram: %w", err)
	}
	return func(ctx context.Context, attempt upvest.Attempt) {
		end := time.Now()
		_, span := tracer.Start(ctx, attempt.Operation, trace.WithTimestamp(end.Add(-attempt.Duration)))
		common := []attribute.KeyValue{
			attribute.String("upvest.operation", attempt.Operation),
			attribute.Int("http.response.status_code", attempt.Status),
			attribute.Bool("upvest.retried", attempt.Retry != ""),
		}
		span.SetAttributes(common...)
		span.SetAttributes(
			attribute.Int("upvest.attempt", attempt.Number),
			attribute.String("upvest.request_id", attempt.RequestID),
		)
		if attempt.Retry != "" {
			span.SetAttributes(
				attribute.String("upvest.retry.reason", attempt.Retry),
				attribute.Float64("upvest.retry.wait", attempt.Wait.Seconds()),
			)
		}
		if attempt.Err != nil {
			span.RecordError(attempt.Err)
		}
		if attempt.Err != nil || attempt.Status >= 400 {
			span.SetStatus(codes.Error, "")
		}
		span.End(trace.WithTimestamp(end))
		durations.Record(ctx, attempt.Duration.Seconds(), metric.WithAttributes(common...))
	}, nil
}
