//go:build unix

package main_test

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // PostgreSQL for the service
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// serviceJob is a job of the service that shares the database. Like the fleet's jobs, it
// has an argument named `run`.
type serviceJob struct {
	Run string `json:"run"`
}

// Kind returns the kind of the job in River.
func (serviceJob) Kind() string { return "service" }

type serviceWorker struct {
	river.WorkerDefaults[serviceJob]
	takes time.Duration
}

// Timeout returns twice the duration of the job, so River does not end the job early.
func (w *serviceWorker) Timeout(*river.Job[serviceJob]) time.Duration { return 2 * w.takes }

// Work waits for the duration `takes`, or until the context ends.
func (w *serviceWorker) Work(ctx context.Context, _ *river.Job[serviceJob]) error {
	select {
	case <-time.After(w.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestNeighbor runs a fleet in the database of a service that uses River. The service has
// a job that takes longer than any of the fleet's jobs. The service must lose neither
// this job nor the two indexes that the fleet drops in its own schema.
func TestNeighbor(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, emptyDatabase(t), 200)
	f.build()
	if damage := f.besideService(); len(damage) > 0 {
		t.Errorf("the fleet made the service lose %q, expected no loss", damage)
	}
	f.expectOnce()
}

// TestNeighborControl is the control for TestNeighbor: it puts the fleet's tables into
// the schema of the service. As a result, the service must lose its running job and two
// indexes.
func TestNeighborControl(t *testing.T) {
	only(t, "fleet-chaos")
	f := prepare(t, emptyDatabase(t), 200)
	f.plant(
		defect{"internal/database/database.go", `DefaultSchema = "fleet"`, `DefaultSchema = "public"`},
		defect{"internal/queue/migrate.go", "if !hasVersion && hasRiver {", "if false && hasRiver {"},
	)
	damage := f.besideService()
	for _, want := range []string{"river_job_args_index", "river_job_metadata_index", "the running job"} {
		if !slices.Contains(damage, want) {
			t.Errorf("the planted defect made the service lose %q, expected %q among them", damage, want)
		}
	}
}

// emptyDatabase returns the URL of a PostgreSQL database that only this test uses.
func emptyDatabase(t *testing.T) (url string) {
	t.Helper()
	url, err := testdb.Shared(t).Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// besideService runs a fleet in the database of a service. It checks a job and two
// indexes of the service, and returns the names of those that the service has lost.
func (f *fleet) besideService() (damage []string) {
	f.Helper()
	ctx := f.Context()
	db, err := sql.Open("pgx", f.url)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	migrator, err := rivermigrate.New(riverdatabasesql.New(db), nil)
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		f.Fatal(err)
	}
	f.succeeds("migrate", "-rate", "20")
	worker := f.work()
	time.Sleep(3 * time.Second) // by then, the fleet's worker leads River's maintenance
	service := f.startService(db, 100*time.Second)
	f.succeeds("enqueue", "-run", theRun, f.file)
	f.succeeds("enqueue", "-run", theRun, f.file)
	f.sayf("%s", f.succeeds("status", "-watch"))
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		state := f.serviceText(db, "select state from public.river_job where id = $1", service)
		if state == "running" {
			continue
		}
		if state != "completed" {
			damage = append(damage, "the running job")
		}
		break
	}
	worker.drain()
	for _, index := range []string{"river_job_args_index", "river_job_metadata_index"} {
		found := f.serviceText(db, "select coalesce(to_regclass($1)::text, '')", "public."+index)
		if found == "" {
			damage = append(damage, index)
		}
	}
	f.sayf("the service has lost %q", damage)
	return damage
}

// startService starts the service with one job of the given duration, and returns the
// job's id.
func (f *fleet) startService(db *sql.DB, takes time.Duration) (job int64) {
	f.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, &serviceWorker{takes: takes})
	client, err := river.NewClient(riverdatabasesql.New(db), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		Workers: workers, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = client.Start(f.Context())
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = client.StopAndCancel(stopping)
	})
	options := &river.InsertOpts{MaxAttempts: 1}
	inserted, err := client.Insert(f.Context(), serviceJob{Run: theRun}, options)
	if err != nil {
		f.Fatal(err)
	}
	return inserted.Job.ID
}

func (f *fleet) serviceText(db *sql.DB, statement string, arguments ...any) (text string) {
	f.Helper()
	if err := db.QueryRowContext(f.Context(), statement, arguments...).Scan(&text); err != nil {
		f.Fatal(err)
	}
	return text
}
