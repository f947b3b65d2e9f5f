// Package queue is River as the fleet uses it: one job for each order.
package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
)

const (
	name = "fleet"
	// maxAttempts and the waits of [retries] keep a job for some four hours: far from the day that Upvest keeps keys for.
	maxAttempts = 40
	maxWait     = 10 * time.Minute
	// rescueAfter is how long a job may run before its worker counts as lost. Longer than a job's time-out, shorter than people's patience.
	rescueAfter = 30 * time.Second
)

// Job names a row.
type Job struct {
	Run     string    `json:"run"`
	Account uuid.UUID `json:"account"`
}

// Kind is what River calls the job.
func (Job) Kind() string { return "fleet_order" }

// InsertOpts are the options that every job has.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: name, MaxAttempts: maxAttempts}
}

// Client is River's client on database/sql.
type Client = river.Client[*sql.Tx]

// Migrate makes River's tables.
func Migrate(ctx context.Context, l *ledger.Ledger, logger *slog.Logger) error {
	migrator, err := rivermigrate.New(l.Driver, &rivermigrate.Config{Logger: logger})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("make River's tables: %w", err)
	}
	return nil
}

// New makes a client that adds and shows jobs, and works none.
func New(l *ledger.Ledger, logger *slog.Logger) (*Client, error) {
	return newClient(l, &river.Config{Logger: logger})
}

func newClient(l *ledger.Ledger, config *river.Config) (*Client, error) {
	client, err := river.NewClient(l.Driver, config)
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	return client, nil
}

// Add writes orders and their jobs down in one transaction, and returns how many were not there yet.
func Add(ctx context.Context, l *ledger.Ledger, client *Client, run string, bodies []ledger.Body) (added int, err error) {
	return addJobs(ctx, l, client, run, func(tx *sql.Tx) ([]uuid.UUID, error) { return l.Add(ctx, tx, run, bodies) })
}

// Renew gives a new job to each undecided order of a run whose job was cancelled, deleted or given up, and returns how many there were.
func Renew(ctx context.Context, l *ledger.Ledger, client *Client, run string) (renewed int, err error) {
	return addJobs(ctx, l, client, run, func(tx *sql.Tx) ([]uuid.UUID, error) { return l.Stranded(ctx, tx, run) })
}

func addJobs(ctx context.Context, l *ledger.Ledger, client *Client, run string, find func(*sql.Tx) ([]uuid.UUID, error)) (int, error) {
	tx, err := l.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	accounts, err := find(tx)
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(accounts, 1000) {
		jobs := make([]river.InsertManyParams, len(some))
		for i, account := range some {
			jobs[i].Args = Job{run, account}
		}
		if _, err := client.InsertManyFastTx(ctx, tx, jobs); err != nil {
			return 0, fmt.Errorf("add jobs: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("commit orders and jobs: %w", err)
	}
	return len(accounts), nil
}

// NewWorker makes a client that works up to inFlight jobs at once.
func NewWorker(placer *place.Placer, inFlight int, logger *slog.Logger) (*Client, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{placer: placer, logger: logger})
	return newClient(placer.Ledger, &river.Config{
		Queues:               map[string]river.QueueConfig{name: {MaxWorkers: inFlight}},
		Workers:              workers,
		Logger:               logger,
		JobTimeout:           place.Timeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      place.Timeout + 5*time.Second,
		RetryPolicy:          retries{},
		FetchCooldown:        20 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		ReindexerIndexNames:  []string{}, // vacuuming keeps them small, and the largest two are not there: see ledger.Migrate
	})
}

type worker struct {
	river.WorkerDefaults[Job]
	placer *place.Placer
	logger *slog.Logger
}

// Work takes one order up.
func (w *worker) Work(ctx context.Context, job *river.Job[Job]) error {
	err := w.placer.Place(ctx, job.Args.Run, job.Args.Account)
	var later *river.JobSnoozeError
	if err != nil && !errors.As(err, &later) && job.Attempt >= job.MaxAttempts {
		w.logger.Error("given up", "run", job.Args.Run, "account", job.Args.Account, "error", err)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, w.placer.Ledger.Note(ctx, job.Args.Run, job.Args.Account, ledger.Open, fmt.Sprintf("given up: %v", err)))
	}
	return err
}

// retries waits a second after the first failure, four after the second and so on, up to ten minutes.
type retries struct{}

// NextRetry returns when a job is tried again.
func (retries) NextRetry(job *rivertype.JobRow) time.Time {
	failures := time.Duration(len(job.Errors) + 1)
	wait := min(failures*failures*time.Second, maxWait)
	return time.Now().Add(wait + rand.N(wait/2))
}
