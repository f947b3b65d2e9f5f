// Package queue runs the items of a fleet as jobs of River. Each undecided item has one
// job, unless the job was cancelled, deleted or discarded. Apart from tests, package
// queue is the only package that uses River.
package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

const (
	kind = "fleet_item"
	// maxAttempts is the number of failures of a job after which River discards the job.
	// A job that River postpones does not fail, but a job whose worker died does.
	maxAttempts = 40
	// chunk is the largest number of jobs that one statement adds.
	chunk = 1000
)

// queueOf returns the queue of a run. Each run has its own queue, so stopping one run
// does not affect the other runs.
func queueOf(run int64) string { return "fleet_" + strconv.FormatInt(run, 10) }

// Job has the arguments of a job in River. They identify an item.
type Job struct {
	Run     string    `json:"run"`
	Subject uuid.UUID `json:"subject"`
}

// Kind returns the kind of the job in River.
func (Job) Kind() string { return kind }

// InsertOpts returns the options of every job. They allow each item at most one job that
// has not ended.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: maxAttempts,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: live},
	}
}

// live lists the states of jobs that have not ended.
var live = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// isLive is the SQL condition for jobs in one of the states that the variable `live`
// lists.
const isLive = "kind = '" + kind + "' and " +
	"state in ('available', 'pending', 'retryable', 'running', 'scheduled')"

// Queue adds and deletes jobs. It is safe for concurrent use.
type Queue struct {
	ledger *ledger.Ledger
	client *river.Client[*sql.Tx]
}

// New returns a queue that adds jobs and runs none.
func New(l *ledger.Ledger, logger *slog.Logger) (*Queue, error) {
	return newQueue(l, clock{offset: l.Offset, isForRows: true}, logger)
}

func newQueue(l *ledger.Ledger, clock clock, logger *slog.Logger) (*Queue, error) {
	client, err := newClient(l.DB, &river.Config{Logger: quiet(logger), Test: river.TestConfig{Time: clock}})
	if err != nil {
		return nil, err
	}
	return &Queue{ledger: l, client: client}, nil
}

func newClient(db *database.DB, config *river.Config) (*river.Client[*sql.Tx], error) {
	config.Schema = db.Schema
	config.PollOnly = db.IsPostgres() && db.Listener() == nil
	client, err := river.NewClient(driver(db), config)
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	return client, nil
}

func driver(db *database.DB) riverdriver.Driver[*sql.Tx] {
	if !db.IsPostgres() {
		return riversqlite.New(db.SQL)
	}
	if listener := db.Listener(); listener != nil {
		return riverdatabasesql.NewWithPgxListener(db.SQL, listener)
	}
	return riverdatabasesql.New(db.SQL)
}

// clock provides River with the time of the database for the times at which jobs are due.
// A job is therefore due at the same moment on all machines. River finds lost jobs by the
// clock of this machine.
type clock struct {
	// how far the database's clock is ahead of this machine's
	offset    func() time.Duration
	isForRows bool
}

// Now returns the time of the database.
func (c clock) Now() time.Time { return time.Now().Add(c.offset()) }

// NowOrNil returns the time for new rows, or nil if the database itself sets the time.
func (c clock) NowOrNil() *time.Time {
	if !c.isForRows {
		return nil
	}
	now := c.Now().UTC()
	return &now
}

// Add writes lines and their jobs in one transaction, creates the run if it is new, and
// returns how many lines are new.
func (q *Queue) Add(ctx context.Context, run ledger.Run, lines []ledger.Line) (added int, err error) {
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		created, err := q.ledger.CreateRun(ctx, tx, run)
		if err != nil {
			return err
		}
		subjects, err := q.ledger.Add(ctx, tx, created.ID, lines)
		if err != nil {
			return err
		}
		added = len(subjects)
		return q.addJobs(ctx, tx, created, subjects)
	})
	return added, err
}

// Renew gives a new job to each undecided item of a run that has no job, or only jobs
// that have ended. It returns the number of new jobs.
func (q *Queue) Renew(ctx context.Context, run ledger.Run) (renewed int, err error) {
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		subjects, err := q.ledger.DB.IDs(ctx, tx, "look for items without a job", `select subject
			from {schema}fleet_item where run = $1 and outcome in ('open', 'look') except
			select cast(args->>'subject' as {id}) from {schema}river_job where queue = $2 and `+isLive,
			run.ID, queueOf(run.ID))
		if err != nil {
			return err
		}
		renewed = len(subjects)
		return q.addJobs(ctx, tx, run, subjects)
	})
	return renewed, err
}

// Retry reopens the refused items of a run, adds a job for each of them, and returns the
// number of these items.
func (q *Queue) Retry(ctx context.Context, run ledger.Run) (retried int, err error) {
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		subjects, err := q.ledger.Retry(ctx, tx, run.ID)
		if err != nil {
			return err
		}
		retried = len(subjects)
		return q.addJobs(ctx, tx, run, subjects)
	})
	return retried, err
}

// Decide ends an item that needs review. If the outcome is [ledger.Open], it instead
// reopens the item and adds a job.
func (q *Queue) Decide(ctx context.Context, run ledger.Run, subject uuid.UUID, end ledger.End) error {
	return q.inTx(ctx, func(tx *sql.Tx) error {
		err := errors.Join(q.ledger.Decide(ctx, tx, run.ID, subject, end), q.ledger.Reopen(ctx, tx, run.ID))
		if err != nil || end.Outcome != ledger.Open {
			return err
		}
		return q.addJobs(ctx, tx, run, []uuid.UUID{subject})
	})
}

// Cancel cancels a run, which is final. It drops the open items of which no recorded
// attempt can have acted, together with their jobs, and returns how many items it
// dropped. Workers look up the other undecided items, and send nothing more.
func (q *Queue) Cancel(ctx context.Context, run ledger.Run) (dropped int, err error) {
	if err := q.ledger.SetState(ctx, run.ID, ledger.Cancelled); err != nil {
		return 0, err
	}
	err = q.inTx(ctx, func(tx *sql.Tx) error {
		dropped, err = q.ledger.Drop(ctx, tx, run.ID)
		if err != nil {
			return err
		}
		_, err = q.ledger.DB.Exec(ctx, tx, "delete the jobs", `delete from {schema}river_job where queue = $2
			and kind = '`+kind+`' and state in ('available', 'pending', 'retryable', 'scheduled')
			and cast(args->>'subject' as {id}) in (
				select subject from {schema}fleet_item where run = $1 and outcome = 'cancelled')`,
			run.ID, queueOf(run.ID))
		return err
	})
	return dropped, err
}

// Live returns how many jobs of a run have not ended.
func Live(ctx context.Context, l *ledger.Ledger, run int64) (count int, err error) {
	err = l.DB.Row(ctx, l.DB.SQL,
		"select count(*) from {schema}river_job where queue = $1 and "+isLive, queueOf(run)).Scan(&count)
	return count, database.Wrap("count the jobs", err)
}

// Active returns the runs with jobs that have not ended, the most urgent first.
func Active(ctx context.Context, l *ledger.Ledger) ([]ledger.Run, error) {
	return l.RunsWhere(ctx, `exists (select 1 from {schema}river_job
		where queue = 'fleet_' || cast({schema}fleet_run.id as text) and river_job.`+isLive+")")
}

// Analyze updates the planner's statistics after many jobs have been added. Otherwise the
// planner assumes a small table, and each fetch sorts the whole backlog.
func (q *Queue) Analyze(ctx context.Context) error {
	const what = "update the planner's statistics"
	if _, err := q.ledger.DB.Exec(ctx, q.ledger.DB.SQL, what, "analyze {schema}river_job"); err != nil {
		return err
	}
	return q.ledger.Analyze(ctx)
}

func (q *Queue) inTx(ctx context.Context, change func(*sql.Tx) error) error {
	if _, err := q.ledger.Clock(ctx); err != nil { // the times of jobs follow this clock
		return err
	}
	tx, err := q.ledger.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // a rollback does nothing after a commit
	if err := change(tx); err != nil {
		return err
	}
	return database.Wrap("commit items and jobs", tx.Commit())
}

func (q *Queue) addJobs(ctx context.Context, tx *sql.Tx, run ledger.Run, subjects []uuid.UUID) error {
	if err := q.ledger.Reopen(ctx, tx, run.ID); err != nil {
		return err
	}
	options := &river.InsertOpts{Queue: queueOf(run.ID)}
	for some := range slices.Chunk(subjects, chunk) {
		jobs := make([]river.InsertManyParams, len(some))
		for i, subject := range some {
			jobs[i] = river.InsertManyParams{Args: Job{run.Name, subject}, InsertOpts: options}
		}
		if _, err := q.client.InsertManyFastTx(ctx, tx, jobs); err != nil {
			return fmt.Errorf("add jobs: %w", err)
		}
	}
	return nil
}
