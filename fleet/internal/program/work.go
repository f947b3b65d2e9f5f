package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/metrics"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/reconcile"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// migrate creates the tables if they are missing, and sets the rate limit if the flag
// -rate is set.
func (v *invocation) migrate() func(context.Context) error {
	rate := v.flags.Int(
		"rate",
		-1,
		"`requests` a second that all workers together may send, or 0 for no limit "+
			"(by default, the first migration sets 300, and later ones keep the limit)",
	)
	return func(ctx context.Context) error {
		if *rate < -1 {
			return errors.New("-rate: use 0 or more")
		}
		if err := queue.Migrate(ctx, v.ledger.DB, *rate, v.logger); err != nil {
			return err
		}
		return v.record(ctx, "migrate", "", "rate %d", *rate)
	}
}

// work carries out items until the context ends, and then finishes the items in progress.
func (v *invocation) work() func(context.Context) error {
	inFlight := v.flags.Int(
		"in-flight",
		100,
		"the largest number of `lines` of a run that this worker handles at once",
	)
	metricsAt := v.flags.String(
		"metrics",
		"",
		"`address` that serves /metrics for Prometheus, such as :9090; none by default",
	)
	return func(ctx context.Context) error {
		if *inFlight < 1 || *inFlight > 1000 {
			return errors.New("-in-flight: use 1 to 1000")
		}
		limiter := pace.New(v.ledger)
		measured := metrics.New(v.ledger, v.logger)
		client, err := newClient(upvest.WithLimiter(limiter), upvest.WithAttemptHook(limiter.Observe),
			upvest.WithAttemptHook(measured.Observe))
		if err != nil {
			return err
		}
		stop, err := v.serveMetrics(ctx, *metricsAt, measured)
		if err != nil {
			return err
		}
		defer stop()
		isReady, err := v.await(ctx)
		if err != nil || !isReady {
			return err
		}
		placer := &place.Placer{Ledger: v.ledger, Client: client, Gauge: place.NewGauge()}
		if err := placer.ProbeClock(ctx); err != nil {
			v.logger.ErrorContext(ctx, "compare the clocks", "error", err)
		}
		follow := func(ctx context.Context, run ledger.Run) error {
			r := reconcile.Reconciliation{Ledger: v.ledger, Client: client, Run: run}
			return r.Follow(pace.WithPriority(ctx, lowest))
		}
		worker, err := queue.NewWorker(placer, limiter, *inFlight, v.logger, follow)
		if err != nil {
			return err
		}
		v.logger.InfoContext(
			ctx,
			"started",
			"version",
			version(),
			"process",
			os.Getpid(),
			"in_flight",
			*inFlight,
		)
		err = worker.Run(ctx)
		v.logger.InfoContext(ctx, "stopped", "process", os.Getpid(), "error", err)
		return err
	}
}

// lowest is the priority number of the requests that read the states of orders. They are
// less urgent than the requests of any run.
const lowest = 5

// await waits while the database is down, starting or read-only, or has no tables yet. If
// the context ends first, await returns false, together with the last error of the
// database, if there was one.
func (v *invocation) await(ctx context.Context) (isReady bool, err error) {
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := v.ledger.Ready(ctx)
		if err == nil {
			return true, nil
		}
		if errors.Is(err, context.Canceled) {
			return false, nil
		}
		v.logger.WarnContext(ctx, "waiting for the database", "error", err)
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for the database: %w", err)
		case <-time.After(wait):
		}
	}
}
