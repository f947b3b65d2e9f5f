// Package ledger is what a fleet knows of its orders: one row for each account of a run, in PostgreSQL or SQLite. A row says what is to be
// placed, since when it may have been placed, and what became of it.
package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // PostgreSQL, as River's driver for database/sql wants it
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // SQLite in pure Go: a fleet on one machine then needs neither a server nor a C compiler
)

// Ledger is an open database. It is safe for concurrent use.
type Ledger struct {
	// Driver is the same database as River sees it.
	Driver riverdriver.Driver[*sql.Tx]

	db       *sql.DB
	listener *pgxpool.Pool
	words    *strings.Replacer

	starting  gather[rowKey, *Order]
	finishing gather[ended, bool]
}

// What SQLite and PostgreSQL say differently. Statements name these words in braces.
const (
	postgresClock = "(extract(epoch from clock_timestamp()) * 1000)::bigint"
	sqliteClock   = "cast(unixepoch('subsec') * 1000 as integer)"
)

var (
	postgres = []string{
		"{clock}", postgresClock, "{greatest}", "greatest", "{id}", "uuid", "{text}", `text collate "C"`,
		"{each}", "json_array_elements($1::text::json) as each (value)",
		// Room for a row's next version on its own page: the first update of a row then touches no index.
		"{stored}", " with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05)",
	}
	sqlite = []string{
		"{clock}", sqliteClock, "{greatest}", "max", "{id}", "text", "{text}", "text", "{each}", "json_each($1)", "{stored}", " without rowid",
	}
)

// Connect opens a database by its URL, postgres://… or sqlite:PATH, without talking to it. At most connections are used at once; SQLite has one
// writer and gets one. The clock runs ahead by a time, for tests.
func Connect(ctx context.Context, address string, connections int, ahead time.Duration) (*Ledger, error) {
	l, words, clock := new(Ledger), sqlite, sqliteClock
	path, isSQLite := strings.CutPrefix(address, "sqlite:")
	var err error
	switch {
	case isSQLite && path != "":
		// A writer waits for the other processes' turn at its beginning, where waiting can do no harm.
		l.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
			"?_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=temp_store(file)")
		connections = 1
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		words, clock = postgres, postgresClock
		if l.db, err = sql.Open("pgx", address); err == nil {
			l.listener, err = pgxpool.New(ctx, address)
		}
	default:
		return nil, fmt.Errorf("connect to the ledger: DATABASE_URL is neither postgres://… nor sqlite:PATH")
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the ledger: %w", err) // pgx masks the password
	}
	l.db.SetMaxOpenConns(connections)
	l.db.SetMaxIdleConns(connections)
	if l.Driver = riversqlite.New(l.db); !isSQLite {
		l.Driver = riverdatabasesql.NewWithPgxListener(l.db, l.listener)
	}
	l.words = strings.NewReplacer(append(slices.Clone(words), "{now}", fmt.Sprintf("(%s + %d)", clock, ahead.Milliseconds()))...)
	l.starting.write, l.finishing.write = l.start, l.finish
	return l, nil
}

// Close ends all connections.
func (l *Ledger) Close() error {
	l.starting.running.Wait()
	l.finishing.running.Wait()
	if l.listener != nil {
		l.listener.Close()
	}
	return l.db.Close()
}

// Begin opens a transaction, for rows and their jobs together.
func (l *Ledger) Begin(ctx context.Context) (*sql.Tx, error) { return l.db.BeginTx(ctx, nil) }

// Ready reports whether the database answers, and has its tables.
func (l *Ledger) Ready(ctx context.Context) error {
	return l.exec(ctx, l.db, "look for the tables, which fleet migrate makes", "select 1 from fleet_run where false")
}

// wrap says of an error what was attempted.
func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (l *Ledger) exec(ctx context.Context, db querier, what, statement string, arguments ...any) error {
	_, err := db.ExecContext(ctx, l.words.Replace(statement), arguments...)
	return wrap(what, err)
}

func (l *Ledger) row(ctx context.Context, statement string, arguments ...any) *sql.Row {
	return l.db.QueryRowContext(ctx, l.words.Replace(statement), arguments...)
}

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, statement string, arguments ...any) (sql.Result, error)
	QueryContext(ctx context.Context, statement string, arguments ...any) (*sql.Rows, error)
}

// each passes every row of an answer on.
func (l *Ledger) each(ctx context.Context, db querier, what string, handle func(*sql.Rows) error, statement string, arguments ...any) error {
	rows, err := db.QueryContext(ctx, l.words.Replace(statement), arguments...)
	if err != nil {
		return wrap(what, err)
	}
	defer rows.Close()
	for err == nil && rows.Next() {
		err = handle(rows)
	}
	return wrap(what, errors.Join(err, rows.Err()))
}

func (l *Ledger) ids(ctx context.Context, db querier, what, statement string, arguments ...any) (ids []uuid.UUID, err error) {
	err = l.each(ctx, db, what, func(rows *sql.Rows) error {
		ids = append(ids, uuid.Nil)
		return rows.Scan(&ids[len(ids)-1])
	}, statement, arguments...)
	return ids, err
}

// parameter is many rows in one parameter, as {each} takes them apart: SQLite takes longer the more parameters there are.
type parameter [][]any

func list[T any](items []T, fields func(T) []any) parameter {
	rows := make(parameter, len(items))
	for i, item := range items {
		rows[i] = fields(item)
	}
	return rows
}

// Value is JSON.
func (p parameter) Value() (driver.Value, error) {
	text, err := json.Marshal([][]any(p))
	return string(text), err
}
