package program

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/metrics"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// migrate makes the tables, and sets the limit of requests.
func (c *command) migrate() func(context.Context) error {
	rate := c.flags.Uint("rate", 300, "requests a second that all workers together may send; 0 for any number")
	return func(ctx context.Context) error {
		return errors.Join(queue.Migrate(ctx, c.ledger, c.logger), c.ledger.Migrate(ctx), c.ledger.SetRate(ctx, *rate))
	}
}

// work places orders until the context ends, and then finishes those under way.
func (c *command) work() func(context.Context) error {
	inFlight := c.flags.Int("in-flight", 100, "orders that this worker handles at once")
	metricsAt := c.flags.String("metrics", "", "address on which Prometheus finds /metrics, as in :9090; none by default")
	return func(ctx context.Context) error {
		if *inFlight < 1 || *inFlight > 1000 {
			return errors.New("-in-flight: use 1 to 1000")
		}
		limiter, measured := pace.New(c.ledger), metrics.New(c.ledger, c.logger)
		client, err := c.client(upvest.WithLimiter(limiter), upvest.WithLogger(c.logger), upvest.WithAttemptHook(limiter.Observe),
			upvest.WithAttemptHook(measured.Observe))
		if err != nil {
			return err
		}
		stop, err := c.tell(ctx, *metricsAt, measured)
		if err != nil {
			return err
		}
		defer stop()
		worker, err := queue.NewWorker(&place.Placer{Ledger: c.ledger, Client: client}, *inFlight, c.logger)
		if err != nil {
			return err
		}
		if err := c.await(ctx); err != nil {
			return err
		}
		if err := worker.Start(ctx); err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
		<-worker.Stopped()
		return nil
	}
}

// await waits for a database that is down, or has no tables yet: a worker may start before it.
func (c *command) await(ctx context.Context) error {
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := c.ledger.Ready(ctx)
		if err == nil {
			return nil
		}
		c.logger.Warn("waiting for the database", "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the database: %w", err)
		case <-time.After(wait):
		}
	}
}
