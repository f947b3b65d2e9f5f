package ledger

import (
	"context"
	_ "embed" // the statements that make tables
	"errors"
	"strings"
)

//go:embed schema.sql
var schema string

//go:embed postgres.sql
var tuning string

// Migrate makes the tables of the fleet where they are missing. River's have to be there.
func (l *Ledger) Migrate(ctx context.Context) error {
	statements := strings.Split(schema, ";")
	if l.listener != nil {
		statements = append(statements, strings.Split(tuning, ";")...)
	}
	for _, statement := range statements {
		if err := l.exec(ctx, l.db, "make the tables of the fleet", statement); err != nil {
			return err
		}
	}
	return nil
}

// Settle brings the planner's statistics up to date after many rows were added: a plan for an empty table sorts a backlog for each fetch.
func (l *Ledger) Settle(ctx context.Context) error {
	const what = "bring the planner's statistics up to date"
	return errors.Join(l.exec(ctx, l.db, what, "analyze river_job"), l.exec(ctx, l.db, what, "analyze fleet_order"))
}
