package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// These expressions return the time in milliseconds since 1970.
const (
	postgresClock = "(extract(epoch from clock_timestamp()) * 1000)::bigint"
	sqliteClock   = "cast(unixepoch('subsec') * 1000 as integer)"
)

// Statements contain words in braces, which stand for SQL that differs between PostgreSQL
// and SQLite. {clock} is the time of the database, and {now} is the time that is written
// to rows. The two times differ only in tests.

func postgresWords(schema string, ahead time.Duration) *strings.Replacer {
	return replacer(
		postgresClock,
		ahead,
		"{schema}",
		pgx.Identifier{schema}.Sanitize()+".",
		"{greatest}",
		"greatest",
		"{least}",
		"least",
		"{id}",
		"uuid",
		"{text}",
		`text collate "C"`,
		"{number}",
		"integer generated always as identity",
		"{each}",
		"json_array_elements($1::text::json) as each (value)",
		// This setting leaves room on each page for new versions of the rows on the page,
		// so that the first update of a row changes no index.
		"{stored}",
		" with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)",
	)
}

func sqliteWords(ahead time.Duration) *strings.Replacer {
	return replacer(
		sqliteClock,
		ahead,
		"{schema}",
		"",
		"{greatest}",
		"max",
		"{least}",
		"min",
		"{id}",
		"text",
		"{text}",
		"text",
		"{number}",
		"integer",
		"{each}",
		"json_each($1)",
		"{stored}",
		" without rowid",
	)
}

func replacer(clock string, ahead time.Duration, words ...string) *strings.Replacer {
	now := fmt.Sprintf("(%s + %d)", clock, ahead.Milliseconds())
	return strings.NewReplacer(append(slices.Clone(words), "{clock}", clock, "{now}", now)...)
}

// Querier is a database or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, statement string, arguments ...any) (sql.Result, error)
	QueryContext(ctx context.Context, statement string, arguments ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, statement string, arguments ...any) *sql.Row
}

// Wrap adds a description of the attempted action to an error. If a pooler can be the
// cause of the error, Wrap also adds the remedy. It returns nil if the error is nil.
func Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, explain(err))
}

// Words replaces the words in braces in a statement with the SQL of the database.
func (d *DB) Words(statement string) string { return d.words.Replace(statement) }

// Exec runs a statement and returns how many rows it changed.
func (d *DB) Exec(ctx context.Context, db Querier, what, statement string, arguments ...any) (int, error) {
	result, err := db.ExecContext(ctx, d.words.Replace(statement), arguments...)
	if err != nil {
		return 0, Wrap(what, err)
	}
	changed, err := result.RowsAffected()
	return int(changed), Wrap(what, err)
}

// Row runs a statement that returns one row.
func (d *DB) Row(ctx context.Context, db Querier, statement string, arguments ...any) *sql.Row {
	return db.QueryRowContext(ctx, d.words.Replace(statement), arguments...)
}

// Each runs a statement and calls handle for every row that it returns, until handle
// returns an error.
func (d *DB) Each(
	ctx context.Context,
	db Querier,
	what string,
	handle func(*sql.Rows) error,
	statement string,
	arguments ...any,
) error {
	rows, err := db.QueryContext(ctx, d.words.Replace(statement), arguments...)
	if err != nil {
		return Wrap(what, err)
	}
	defer rows.Close()
	for err == nil && rows.Next() {
		err = handle(rows)
	}
	return Wrap(what, errors.Join(err, rows.Err()))
}

// IDs runs a statement that returns one column of ids, and returns the ids.
func (d *DB) IDs(
	ctx context.Context,
	db Querier,
	what, statement string,
	arguments ...any,
) (ids []uuid.UUID, err error) {
	err = d.Each(ctx, db, what, func(rows *sql.Rows) error {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, statement, arguments...)
	return ids, err
}

// Parameter passes many rows to a statement as one JSON value, which {each} expands into
// rows. With a parameter for each value, SQLite would be slow.
type Parameter [][]any

// List returns a parameter that has a row for each item.
func List[T any](items []T, fields func(T) []any) Parameter {
	rows := make(Parameter, len(items))
	for i, item := range items {
		rows[i] = fields(item)
	}
	return rows
}

// Value returns the rows as JSON.
func (p Parameter) Value() (driver.Value, error) {
	text, err := json.Marshal([][]any(p))
	return string(text), err
}
