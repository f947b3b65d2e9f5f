// Command otel reads a page of orders and prints the traces and metrics that
// OpenTelemetry collects during the call.
//
// The program reads from the server given in the UPVEST_API_* variables. To send the
// data to a collector, use the OTLP exporters instead of the stdout exporters.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "otel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	spans, err := stdouttrace.New(stdouttrace.WithWriter(out))
	if err != nil {
		return fmt.Errorf("create the trace exporter: %w", err)
	}
	traces := trace.NewTracerProvider(trace.WithBatcher(spans))
	defer func() { err = errors.Join(err, traces.Shutdown(ctx)) }()
	numbers, err := stdoutmetric.New(stdoutmetric.WithWriter(out))
	if err != nil {
		return fmt.Errorf("create the metric exporter: %w", err)
	}
	metrics := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(numbers)))
	defer func() { err = errors.Join(err, metrics.Shutdown(ctx)) }()

	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	observe, err := attemptHook(traces, metrics)
	if err != nil {
		return err
	}
	// The transport creates a span for each HTTP request, with the address and the
	// protocol of the request. The hook creates a span for each attempt, with the
	// operation, the request ID and whether the client retries the attempt.
	transport := otelhttp.NewTransport(
		http.DefaultTransport,
		otelhttp.WithTracerProvider(traces),
		otelhttp.WithMeterProvider(metrics),
	)
	client, err := upvest.New(
		credentials,
		upvest.WithHTTPClient(&http.Client{Transport: transport}),
		upvest.WithAttemptHook(observe),
	)
	if err != nil {
		return err
	}

	ctx, span := traces.Tracer(scope).Start(ctx, "read a page of orders")
	defer span.End()
	page, err := client.Orders.List(ctx, portfolios.ListPortfoliosOrdersParams{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d orders on the first page\n", len(page.Data))
	return nil
}
