package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// isolation is a parameter that the connections of [DB.SQL] set if they go directly to
// PostgreSQL. River and the ledger need an isolation level at which each statement sees
// what other transactions have committed.
const isolation = "default_transaction_isolation"

// connector connects to PostgreSQL, or to PgBouncer in front of it. By default, PgBouncer
// refuses the isolation level as a startup parameter, and in transaction mode may lose
// prepared statements. After such a refusal, the connector opens connections that neither
// set the level nor prepare statements.
type connector struct {
	driver.Connector // connects to PostgreSQL directly
	pooled           driver.Connector
	isPooled         atomic.Bool
}

func newConnector(config *pgx.ConnConfig) *connector {
	pooled := config.Copy()
	pooled.RuntimeParams = maps.Clone(config.RuntimeParams)
	if pooled.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		pooled.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	config.RuntimeParams[isolation] = "read committed"
	c := &connector{Connector: stdlib.GetConnector(*config), pooled: stdlib.GetConnector(*pooled)}
	// If the address sets a query mode other than the default, the fleet treats the
	// server as a pooler.
	c.isPooled.Store(config.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement)
	return c
}

// Connect opens a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if !c.isPooled.Load() {
		connection, err := c.Connector.Connect(ctx)
		var refusal *pgconn.PgError
		if !errors.As(err, &refusal) || refusal.Code != "08P01" {
			return connection, err
		}
		c.isPooled.Store(true)
	}
	return c.pooled.Connect(ctx)
}

// CheckIsolation returns an error if a pooler's connections do not have the isolation
// level that the fleet needs. The fleet cannot set the level through a pooler.
func (d *DB) CheckIsolation(ctx context.Context) error {
	if d.postgres == nil || !d.postgres.isPooled.Load() {
		return nil
	}
	var level string
	err := d.SQL.QueryRowContext(ctx, "select current_setting('default_transaction_isolation')").Scan(&level)
	if err != nil {
		return fmt.Errorf("read the isolation level: %w", explain(err))
	}
	if level != "read committed" {
		return fmt.Errorf("the isolation level behind the pooler is %s: "+
			"alter role … set default_transaction_isolation = 'read committed'", level)
	}
	return nil
}

// explain adds the remedy to a PostgreSQL error that a pooler can cause.
func explain(err error) error {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return err
	}
	switch refusal.Code {
	case "26000", "42P05": // a prepared statement does not exist, or exists already
		return fmt.Errorf("%w: a pooler shares connections between transactions: "+
			"add default_query_exec_mode=exec to DATABASE_URL", err)
	}
	return err
}
