// Package database opens the database of a fleet, PostgreSQL or SQLite, and hides most
// differences between the two.
package database

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	// This is SQLite in pure Go. With it, a fleet on one machine needs no database
	// server, and its build needs no C compiler.
	_ "modernc.org/sqlite"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	// SQL is the handle for running statements.
	SQL *sql.DB
	// Schema is the schema of the tables in PostgreSQL. It is empty for SQLite.
	Schema string

	listener *pgxpool.Pool
	postgres *connector
	words    *strings.Replacer
}

// Options are the settings of [Open].
type Options struct {
	// Schema is the schema of the tables in PostgreSQL, by default [DefaultSchema].
	Schema string
	// Connections is the largest number of connections of the handle SQL. In PostgreSQL,
	// a pool for notifications has up to two more. SQLite always gets one connection,
	// because it allows only one writer.
	Connections int
	// Ahead is added to the times that statements write to rows. Only tests set it.
	Ahead time.Duration
}

// DefaultSchema is the schema of the tables in PostgreSQL unless the caller sets
// [Options.Schema].
const DefaultSchema = "fleet"

// Open opens a database without connecting to it. The address is postgres://…, a list of
// key=value, or sqlite:PATH. No error contains the password in the address.
func Open(ctx context.Context, address string, options Options) (*DB, error) {
	path, isSQLite := strings.CutPrefix(address, "sqlite:")
	if isSQLite && path != "" {
		return openSQLite(path, options)
	}
	config, err := readAddress(address)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	if options.Schema == "" {
		options.Schema = DefaultSchema
	}
	return openPostgres(ctx, address, config, options)
}

func openSQLite(path string, options Options) (*DB, error) {
	// A transaction waits for other writers when it begins, so other writers cannot make
	// the transaction fail in the middle.
	const settings = "?_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(wal)" +
		"&_pragma=synchronous(full)&_pragma=temp_store(file)"
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+settings)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &DB{SQL: db, words: sqliteWords(options.Ahead)}, nil
}

func openPostgres(ctx context.Context, address string, config *pgx.ConnConfig, options Options) (*DB, error) {
	pool, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err) // pgx masks the password
	}
	pool.ConnConfig.RuntimeParams = config.RuntimeParams
	pool.MaxConns = 2
	pool.MinConns = 0
	listener, err := pgxpool.NewWithConfig(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	connections := newConnector(config)
	db := sql.OpenDB(connections)
	db.SetMaxOpenConns(options.Connections)
	db.SetMaxIdleConns(options.Connections)
	return &DB{
		SQL: db, Schema: options.Schema, listener: listener, postgres: connections,
		words: postgresWords(options.Schema, options.Ahead),
	}, nil
}

// Close closes all connections.
func (d *DB) Close() error {
	if d.listener != nil {
		d.listener.Close()
	}
	return d.SQL.Close()
}

// IsPostgres reports whether the database is PostgreSQL; otherwise it is SQLite.
func (d *DB) IsPostgres() bool { return d.postgres != nil }

// Listener returns a pool of connections that can wait for notifications. It returns nil
// for SQLite, and for a pooler that shares connections between transactions.
func (d *DB) Listener() *pgxpool.Pool {
	if d.postgres == nil || d.postgres.isPooled.Load() {
		return nil
	}
	return d.listener
}

// Begin opens a transaction.
func (d *DB) Begin(ctx context.Context) (*sql.Tx, error) {
	tx, err := d.SQL.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin a transaction: %w", explain(err))
	}
	return tx, nil
}
