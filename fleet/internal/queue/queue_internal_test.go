package queue

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// opened returns a ledger with tables on SQLite.
func opened(t *testing.T) *ledger.Ledger {
	t.Helper()
	address := "sqlite:" + filepath.Join(t.TempDir(), "fleet.db")
	l, err := ledger.Connect(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := Migrate(t.Context(), l.DB, 0, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestDueTimesComeFromTheDatabase adds jobs from a machine whose clock is two minutes
// ahead of the database's clock. The jobs must be due at once.
func TestDueTimesComeFromTheDatabase(t *testing.T) {
	l := opened(t)
	ahead := clock{isForRows: true, offset: func() time.Duration { return -2 * time.Minute }}
	q, err := newQueue(l, ahead, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run := ledger.Run{Name: "r", Operation: "create-orders", Priority: 2}
	added, err := q.Add(t.Context(), run, []ledger.Line{{Subject: uuid.New(), Fields: []string{}}})
	if err != nil || added != 1 {
		t.Fatalf("got %d new lines and the error %v, expected 1 line and no error", added, err)
	}
	var due int
	err = l.DB.Row(t.Context(), l.DB.SQL, `select count(*) from river_job where state = 'available'
		and julianday(scheduled_at) < julianday('now') - 1.5 / 1440`).Scan(&due)
	if err != nil || due != 1 {
		t.Errorf("got %d due jobs and the error %v, expected 1 due job and no error", due, err)
	}
	if now := ahead.NowOrNil(); now == nil || time.Since(*now) < time.Minute {
		t.Errorf("the clock returned the time %v for new rows, expected the time two minutes ago", now)
	}
	if now := (clock{offset: ahead.offset}).NowOrNil(); now != nil {
		t.Errorf("the clock of a worker returned the time %v for new rows, expected nil", now)
	}
}

// TestAnItemHasOneJob adds a job for the same item twice. The item must have only one job
// afterwards.
func TestAnItemHasOneJob(t *testing.T) {
	l := opened(t)
	q, err := New(l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	subject := uuid.New()
	run := ledger.Run{Name: "r", Operation: "create-orders", Priority: 2}
	if _, err := q.Add(t.Context(), run, []ledger.Line{{Subject: subject, Fields: []string{}}}); err != nil {
		t.Fatal(err)
	}
	run, err = l.Run(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := l.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := q.addJobs(t.Context(), tx, run, []uuid.UUID{subject}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if live, err := Live(t.Context(), l, run.ID); err != nil || live != 1 {
		t.Errorf("got %d jobs of the item and the error %v, expected 1 and no error", live, err)
	}
}
