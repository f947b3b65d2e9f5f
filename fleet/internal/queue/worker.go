package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
)

const (
	// slotTimeout is how long a job may wait for its slot. If no slot is due in this
	// time, the job ends without an attempt, and River runs it again later.
	slotTimeout = 10 * time.Second
	jobTimeout  = slotTimeout + place.Timeout + 2*time.Second
	// rescueAfter is how long a job may run before its worker counts as lost.
	rescueAfter = jobTimeout + 8*time.Second
	// backlog is a number of seconds. A worker runs at most as many jobs of a run at once
	// as there are slots in this time, because additional jobs would only wait.
	backlog = 5
	// maxWait limits the wait after a failure. A random duration is added to the limited
	// wait. A job reaches maxAttempts failures after four to six hours.
	maxWait = 10 * time.Minute
	// tick is the interval at which a worker chooses which runs it works on.
	tick = time.Second
)

// Worker runs the jobs of all runs. Create one with [NewWorker].
type Worker struct {
	placer   *place.Placer
	limiter  *pace.Limiter
	client   *river.Client[*sql.Tx]
	inFlight int
	logger   *slog.Logger
	follow   func(context.Context, ledger.Run) error

	mu     sync.Mutex
	runs   map[string]ledger.Run
	queues map[int64]int // the largest number of jobs in flight for each run
}

// NewWorker returns a worker that runs up to inFlight jobs of each run at once. From time
// to time, the worker calls `follow` for each run that is not settled, to compare the run
// with the server.
func NewWorker(
	placer *place.Placer, limiter *pace.Limiter, inFlight int, logger *slog.Logger,
	follow func(context.Context, ledger.Run) error,
) (*Worker, error) {
	w := &Worker{
		placer: placer, limiter: limiter, inFlight: inFlight, logger: logger, follow: follow,
		runs: map[string]ledger.Run{}, queues: map[int64]int{},
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &jobWorker{worker: w})
	client, err := newClient(placer.Ledger.DB, &river.Config{
		// River requires at least one queue when the client starts. This queue stays
		// empty.
		Queues: map[string]river.QueueConfig{
			"fleet": {MaxWorkers: 1, FetchPollInterval: time.Minute},
		},
		Workers:              workers,
		Logger:               quiet(logger),
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      jobTimeout + 3*time.Second,
		RetryPolicy:          retries{clock{offset: placer.Ledger.Offset}},
		FetchCooldown:        20 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		// vacuuming keeps the indexes small: see river.sql
		ReindexerIndexNames: []string{},
		Test:                river.TestConfig{Time: clock{offset: placer.Ledger.Offset}},
	})
	w.client = client
	return w, err
}

// quiet returns a logger that drops River's messages below the level of warnings.
func quiet(logger *slog.Logger) *slog.Logger {
	return slog.New(levelHandler{logger.Handler()})
}

type levelHandler struct{ slog.Handler }

// Enabled reports whether a message of a level is logged.
func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs returns a handler that adds the attributes to every message.
func (h levelHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return levelHandler{h.Handler.WithAttrs(attributes)}
}

// WithGroup returns a handler that puts the attributes of every message into a group.
func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{h.Handler.WithGroup(name)}
}

// Run runs jobs until the context ends, and then finishes the jobs in progress.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the worker was stopped before it started
		}
		return fmt.Errorf("start the worker: %w", err)
	}
	w.supervise(ctx)
	<-w.client.Stopped()
	return nil
}

// supervise chooses which runs the worker works on. It chooses anew at every tick until
// the context ends.
func (w *Worker) supervise(ctx context.Context) {
	var following sync.WaitGroup
	defer following.Wait()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		if err := w.look(ctx, &following); err != nil && ctx.Err() == nil {
			w.logger.WarnContext(ctx, "look for runs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// look starts and stops queues so that the worker works on the runs that are neither
// paused nor held. It also probes held runs, and compares runs with the server. While the
// fleet is halted, look stops all queues, and only compares the clocks.
func (w *Worker) look(ctx context.Context, following *sync.WaitGroup) error {
	if _, err := w.placer.Ledger.Clock(ctx); err != nil {
		return err
	}
	settings, err := w.placer.Ledger.Settings(ctx)
	if err != nil {
		return err
	}
	rate, err := w.placer.Ledger.Rate(ctx)
	if err != nil {
		return err
	}
	runs, err := Active(ctx, w.placer.Ledger)
	if err != nil {
		return err
	}
	wanted := map[int64]int{}
	for _, run := range runs {
		w.remember(run)
		if run.State != ledger.Paused && run.Held == "" && settings.Halted == "" {
			wanted[run.ID] = w.share(rate)
		}
	}
	if err := w.setQueues(ctx, wanted); err != nil {
		return err
	}
	if settings.Halted != "" {
		return w.probeClock(ctx, settings.Halted)
	}
	return errors.Join(w.probe(ctx, runs), w.followRuns(ctx, following))
}

// share returns how many jobs of a run may be in flight in this worker if all workers
// together may send `rate` requests a second. A rate of zero means no limit.
func (w *Worker) share(rate float64) int {
	if rate == 0 {
		return w.inFlight
	}
	return min(w.inFlight, int(math.Ceil(rate*backlog)))
}

func (w *Worker) setQueues(ctx context.Context, wanted map[int64]int) error {
	for run, inFlight := range w.queues {
		if wanted[run] == inFlight {
			continue
		}
		stopping, cancel := context.WithTimeout(ctx, jobTimeout)
		err := w.client.Queues().Remove(stopping, queueOf(run))
		cancel()
		if err != nil {
			return fmt.Errorf("stop working on a run: %w", err)
		}
		delete(w.queues, run)
	}
	for run, inFlight := range wanted {
		if w.queues[run] != 0 {
			continue
		}
		if err := w.client.Queues().Add(queueOf(run), river.QueueConfig{MaxWorkers: inFlight}); err != nil {
			return fmt.Errorf("begin to work on a run: %w", err)
		}
		w.queues[run] = inFlight
	}
	return nil
}

// probe tries one item of each held run for which a probe is due, unless another worker
// has claimed the probe.
func (w *Worker) probe(ctx context.Context, runs []ledger.Run) error {
	for _, run := range runs {
		if run.Held == "" || run.State != ledger.Running {
			continue
		}
		isMine, err := w.placer.Ledger.ClaimProbe(ctx, run.ID, place.ProbeInterval)
		if err != nil {
			return err
		}
		if !isMine {
			continue
		}
		probing, cancel := context.WithTimeout(pace.WithPriority(ctx, 0), place.Timeout)
		isResumed, err := w.placer.Probe(probing, run)
		cancel()
		if err != nil {
			return err
		}
		w.logger.InfoContext(ctx, "probed a held run",
			"run", run.Name, "resumed", isResumed, "held", run.Held)
	}
	return nil
}

// probeClock compares the clocks of the database and of the API if a comparison is due.
// If they still differ or cannot be compared, it logs why the fleet is halted.
func (w *Worker) probeClock(ctx context.Context, reason string) error {
	isMine, err := w.placer.Ledger.ClaimClockProbe(ctx, place.ProbeInterval)
	if err != nil || !isMine {
		return err
	}
	probing, cancel := context.WithTimeout(ctx, place.Timeout)
	defer cancel()
	if err := w.placer.ProbeClock(probing); err != nil {
		w.logger.ErrorContext(ctx, "the fleet is halted", "reason", reason, "error", err)
	}
	return nil
}

func (w *Worker) remember(run ledger.Run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs[run.Name] = run
}

// runNamed returns the run with the given name. It returns a cached copy if there is one.
// [Worker.look] updates the copies at every tick.
func (w *Worker) runNamed(ctx context.Context, name string) (ledger.Run, error) {
	w.mu.Lock()
	run, isKnown := w.runs[name]
	w.mu.Unlock()
	if isKnown {
		return run, nil
	}
	run, err := w.placer.Ledger.Run(ctx, name)
	if err == nil {
		w.remember(run)
	}
	return run, err
}
