package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// End describes how an item ends.
type End struct {
	Outcome  Outcome
	Resource uuid.NullUUID // the order that was placed for the item
	State    string        // the state of the resource
	Detail   string
}

// ending describes one item to finish: which item it is, and how it ended.
type ending struct {
	rowKey
	attempts int
	End
}

// Finish records how an item ended if no attempt has begun since the caller read the
// item.
//
// Otherwise, the newer attempt decides the item, and Finish only records the order that
// the server returned for the item. If the item has already been decided without this
// order, the item goes to review.
//
// A lookup for an item of another run may already have claimed the order. If the server
// returned the order for the given item, Finish moves the order to this item, and the
// item of the other run goes to review. If the order belongs to a different item in any
// other way, the given item goes to review.
func (l *Ledger) Finish(ctx context.Context, item Item, end End) error {
	e := ending{rowKey{item.Run, item.Subject}, item.Attempts, end}
	isNew, err := l.finishing.do(ctx, e.rowKey, e)
	if err != nil { // another item in the shared statement may be the cause
		var alone map[rowKey]bool
		alone, err = l.finish(ctx, []ending{e})
		isNew = alone[e.rowKey]
	}
	switch {
	case isClaimed(err):
		return l.settleClaim(ctx, e)
	case err != nil || isNew || end.Outcome != Done || !end.Resource.Valid:
		return err
	}
	return l.finishLate(ctx, item, end.Resource.UUID)
}

// finish records outcomes, and returns the items that were undecided until now.
func (l *Ledger) finish(ctx context.Context, ends []ending) (map[rowKey]bool, error) {
	isNew := make(map[rowKey]bool, len(ends))
	err := l.DB.Each(ctx, l.DB.SQL, "record the outcome of the item", func(rows *sql.Rows) error {
		var key rowKey
		err := rows.Scan(&key.run, &key.subject)
		isNew[key] = true
		return err
	}, `update {schema}fleet_item
		set outcome = value->>3, resource = cast(value->>4 as {id}), status = value->>5,
			detail = value->>6, done = {now}
		from {each} where run = cast(value->>0 as integer) and subject = cast(value->>1 as {id})
			and attempts = cast(value->>2 as integer) and outcome in ('open', 'look') returning run, subject`,
		database.List(ends, func(e ending) []any {
			return []any{e.run, e.subject, e.attempts, e.Outcome, e.Resource, e.State, e.Detail}
		}))
	return isNew, err
}

// finishLate records the order that the server returned for an attempt, even though a
// newer attempt has begun since.
func (l *Ledger) finishLate(ctx context.Context, item Item, resource uuid.UUID) error {
	if err := l.RecordOrder(ctx, item, resource); err != nil && !isClaimed(err) {
		return err
	}
	return l.exec(
		ctx,
		"mark the item for review",
		`update {schema}fleet_item set outcome = 'review', done = {now},
			detail = 'was ' || outcome || ' when the server returned order ' || cast($3 as text)
		where run = $1 and subject = $2 and outcome not in ('open', 'look', 'review')
			and resource is distinct from $4`,
		item.Run,
		item.Subject,
		resource.String(),
		resource,
	)
}

// isClaimed reports whether an error means that the order already belongs to another
// item.
func isClaimed(err error) bool {
	var ofPostgres *pgconn.PgError
	var ofSQLite *sqlite.Error
	switch {
	case errors.As(err, &ofPostgres):
		return ofPostgres.Code == "23505"
	case errors.As(err, &ofSQLite):
		return ofSQLite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	}
	return false
}

// settleClaim ends an item whose order already belongs to a second item. If the server
// returned the order for the first item, and only a lookup assigned it to the second one,
// the order moves to the first item, and the second item goes to review. Otherwise the
// first item goes to review.
func (l *Ledger) settleClaim(ctx context.Context, e ending) error {
	if e.Outcome == Done {
		detail := fmt.Sprintf(
			"found order %s, which the server returned for a different item",
			e.Resource.UUID,
		)
		released, err := l.DB.Exec(ctx, l.DB.SQL, "release the order", `update {schema}fleet_item
			set outcome = 'review', resource = null, detail = $2 where resource = $1 and outcome = 'found'`,
			e.Resource.UUID, detail)
		if err != nil {
			return err
		}
		if released > 0 {
			_, err = l.finish(ctx, []ending{e})
			return err
		}
	}
	e.Detail = fmt.Sprintf("order %s belongs to a different item", e.Resource.UUID)
	e.Outcome = Review
	e.Resource = uuid.NullUUID{}
	_, err := l.finish(ctx, []ending{e})
	return err
}

// Claimed returns those of the given orders that already belong to an item, in any run.
func (l *Ledger) Claimed(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return l.DB.IDs(ctx, l.DB.SQL, "look for claimed orders", `select resource from {schema}fleet_item
		where resource in (select cast(value->>0 as {id}) from {each})`,
		database.List(ids, func(id uuid.UUID) []any { return []any{id} }))
}
