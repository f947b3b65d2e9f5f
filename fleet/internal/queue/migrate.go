package queue

import (
	"context"
	"database/sql"
	_ "embed" // the settings of River's tables
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/riverqueue/river/rivermigrate"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// RiverVersion is the version of River's tables that belongs to version 1 of the fleet's
// tables.
const RiverVersion = 8

//go:embed river.sql
var riverSettings string

// lock is the number of the advisory lock that a migration of a PostgreSQL database
// holds.
const lock = 7_085_233_419

// Migrate creates the tables of River and of the fleet if the fleet's are missing, and
// sets the rate limit. A rate below 0 keeps the current limit. Migrate holds a lock until
// its transaction ends.
func Migrate(ctx context.Context, db *database.DB, rate int, logger *slog.Logger) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // a rollback does nothing after a commit
	m := migration{db: db, tx: tx, logger: logger}
	if db.IsPostgres() {
		if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock($1)", lock); err != nil {
			return database.Wrap("wait for a concurrent migration", err)
		}
	}
	if err := m.run(ctx); err != nil {
		return err
	}
	if rate >= 0 {
		if err := ledger.New(db).SetRate(ctx, tx, uint(rate)); err != nil {
			return err
		}
	}
	return database.Wrap("commit the migration", tx.Commit())
}

// errForeign means that River's tables exist, but the fleet's do not.
var errForeign = errors.New("create the tables: River's tables exist, but not the fleet's: " +
	"they belong to a different program, or an earlier migration was interrupted: " +
	"use a different schema (FLEET_SCHEMA) or file")

// migration is one call to [Migrate]. In PostgreSQL, River's statements run in separate
// transactions. In SQLite, they run in the transaction that holds the lock, because only
// one transaction can write at a time.
type migration struct {
	db     *database.DB
	tx     *sql.Tx
	logger *slog.Logger
}

func (m migration) run(ctx context.Context) error {
	version, err := m.version(ctx)
	if err != nil || version >= 1 {
		return err
	}
	if err := m.river(ctx, RiverVersion); err != nil {
		return err
	}
	statements := ledger.Schema()
	if m.db.IsPostgres() {
		statements = append(statements, strings.Split(riverSettings, ";")...)
	}
	statements = append(statements, "insert into {schema}fleet_version (version) values (1)")
	for _, statement := range statements {
		if _, err := m.db.Exec(ctx, m.tx, "create the tables", statement); err != nil {
			return err
		}
	}
	return nil
}

// version returns the version of the tables. If there are no tables, it creates the
// schema and the table of versions, and returns 0.
func (m migration) version(ctx context.Context) (version int, err error) {
	const what = "look for the tables"
	outside := m.outside()
	if m.db.IsPostgres() {
		var exists bool
		err := m.db.Row(
			ctx,
			outside,
			"select exists (select from pg_namespace where nspname = $1)",
			m.db.Schema,
		).Scan(
			&exists,
		)
		if err != nil {
			return 0, database.Wrap(what, err)
		}
		if !exists {
			_, err := m.db.Exec(
				ctx,
				outside,
				"create the schema",
				"create schema "+strings.TrimSuffix(m.db.Words("{schema}"), "."),
			)
			if err != nil {
				return 0, err
			}
		}
	}
	hasVersion, hasRiver, err := m.present(ctx)
	if err != nil {
		return 0, database.Wrap(what, err)
	}
	if !hasVersion && hasRiver {
		return 0, errForeign
	}
	if !hasVersion {
		_, err := m.db.Exec(
			ctx,
			outside,
			"create the tables",
			"create table {schema}fleet_version (version integer primary key)",
		)
		return 0, err
	}
	err = m.db.Row(ctx, m.tx, "select coalesce(max(version), 0) from {schema}fleet_version").Scan(&version)
	return version, database.Wrap(what, err)
}

// present reports whether the fleet's table of versions and River's table of jobs exist.
func (m migration) present(ctx context.Context) (hasVersion, hasRiver bool, err error) {
	statement := "select exists (select 1 from sqlite_master where name = $1)"
	names := []string{"fleet_version", "river_job"}
	if m.db.IsPostgres() {
		statement = "select to_regclass($1) is not null"
		names = []string{m.db.Words("{schema}fleet_version"), m.db.Words("{schema}river_job")}
	}
	err = m.tx.QueryRowContext(ctx, statement, names[0]).Scan(&hasVersion)
	if err == nil {
		err = m.tx.QueryRowContext(ctx, statement, names[1]).Scan(&hasRiver)
	}
	return hasVersion, hasRiver, err
}

// outside returns the connection for statements whose effects must be visible to River's
// own transactions. In PostgreSQL, these statements must not run in the transaction that
// holds the lock.
func (m migration) outside() database.Querier {
	if m.db.IsPostgres() {
		return m.db.SQL
	}
	return m.tx
}

func (m migration) river(ctx context.Context, version int) error {
	migrator, err := rivermigrate.New(
		driver(m.db),
		&rivermigrate.Config{Logger: m.logger, Schema: m.db.Schema},
	)
	if err != nil {
		return fmt.Errorf("create River's tables: %w", err)
	}
	options := &rivermigrate.MigrateOpts{TargetVersion: version}
	if m.db.IsPostgres() {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, options)
	} else {
		//nolint:staticcheck // SQLite needs no transaction for each migration
		_, err = migrator.MigrateTx(ctx, m.tx, rivermigrate.DirectionUp, options)
	}
	return database.Wrap("create River's tables", err)
}
