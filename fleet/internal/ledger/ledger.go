// Package ledger stores the runs of a fleet and their items in PostgreSQL or SQLite. An
// item is a line of a run's file, with its attempts and its outcome.
package ledger

import (
	"context"
	_ "embed" // the statements that create the tables
	"strings"
	"sync/atomic"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// Ledger reads and writes the fleet's tables. It is safe for concurrent use.
type Ledger struct {
	// DB is the database with the tables.
	DB *database.DB

	starting  gather[starting, *Item]
	finishing gather[ending, bool]
	// offset is how far the database's clock is ahead of this process, in milliseconds.
	offset atomic.Int64
}

// New returns the ledger in a database. Callers must close the ledger with
// [Ledger.Close].
func New(db *database.DB) *Ledger {
	l := &Ledger{DB: db}
	l.starting.write = l.start
	l.finishing.write = l.finish
	return l
}

// Connect returns the ledger in the database at the given address. It does not connect to
// the database yet; see [database.Open].
func Connect(ctx context.Context, address string, options database.Options) (*Ledger, error) {
	db, err := database.Open(ctx, address, options)
	if err != nil {
		return nil, err
	}
	return New(db), nil
}

// Close waits for the statements that items share, and closes the database.
func (l *Ledger) Close() error {
	l.starting.running.Wait()
	l.finishing.running.Wait()
	return l.DB.Close()
}

//go:embed schema.sql
var schema string

// Schema returns the statements that create version 1 of the tables.
func Schema() []string { return strings.Split(schema, ";") }

// Ready returns nil if the database responds, has the tables, accepts writes and has the
// isolation level that the fleet needs. Otherwise it returns an error.
func (l *Ledger) Ready(ctx context.Context) error {
	const what = "look for the tables, which fleet migrate creates"
	if err := l.exec(ctx, what, "update {schema}fleet_setting set gap = gap where one = 0"); err != nil {
		return err
	}
	return l.DB.CheckIsolation(ctx)
}

// Clock returns the time of the database, and stores how far it is ahead of this process;
// see [Ledger.Offset].
func (l *Ledger) Clock(ctx context.Context) (time.Time, error) {
	var milliseconds int64
	sent := time.Now()
	err := l.DB.Row(ctx, l.DB.SQL, "select {clock}").Scan(&milliseconds)
	if err != nil {
		return time.Time{}, database.Wrap("read the clock of the database", err)
	}
	now := time.UnixMilli(milliseconds)
	l.offset.Store(now.Sub(sent.Add(time.Since(sent) / 2)).Milliseconds())
	return now, nil
}

// Offset returns how far the clock of the database was ahead of this process when
// [Ledger.Clock] last read the clock.
func (l *Ledger) Offset() time.Duration {
	return time.Duration(l.offset.Load()) * time.Millisecond
}

func (l *Ledger) exec(ctx context.Context, what, statement string, arguments ...any) error {
	_, err := l.DB.Exec(ctx, l.DB.SQL, what, statement, arguments...)
	return err
}

// timeOf converts milliseconds since 1970 to a time, and 0 to the zero time.
func timeOf(milliseconds int64) time.Time {
	if milliseconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}
