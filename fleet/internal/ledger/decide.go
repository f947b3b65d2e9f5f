package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// Retry reopens the refused items of a run in the caller's transaction, and returns their
// subjects. The items can be sent again, because no attempt of a refused item has acted.
func (l *Ledger) Retry(ctx context.Context, tx *sql.Tx, run int64) ([]uuid.UUID, error) {
	return l.DB.IDs(
		ctx,
		tx,
		"reopen refused items",
		`update {schema}fleet_item set outcome = 'open', unsure = 0,
			since = null, doubted = null, done = null, forbidden = 0
		where run = $1 and outcome = 'refused' returning subject`,
		run,
	)
}

// CanDrop reports whether no attempt of the item can have acted. It returns false while
// the ledger is marked as restored, because the dump may lack attempts.
func (i *Item) CanDrop() bool {
	return i.Unsure == 0 && !i.Resource.Valid && i.Restored.IsZero()
}

// Drop cancels those open items of a run for which [Item.CanDrop] returns true, and
// returns how many items it cancelled. It uses the caller's transaction.
func (l *Ledger) Drop(ctx context.Context, tx *sql.Tx, run int64) (dropped int, err error) {
	return l.DB.Exec(
		ctx,
		tx,
		"cancel the items",
		`update {schema}fleet_item set outcome = 'cancelled', done = {now}
		where run = $1 and outcome = 'open' and unsure = 0 and resource is null
			and not exists (select 1 from {schema}fleet_setting where restored is not null)`,
		run,
	)
}

// Decide ends an item that needs review. The outcome [Open] means that no earlier attempt
// has acted: Decide then reopens the item instead of ending it.
func (l *Ledger) Decide(ctx context.Context, tx *sql.Tx, run int64, subject uuid.UUID, end End) error {
	const what = "decide the item"
	changed, err := l.DB.Exec(
		ctx,
		tx,
		what,
		`update {schema}fleet_item set outcome = $3, resource = $4, detail = $5,
			done = case when $3 = 'open' then null else {now} end,
			unsure = 0, since = null, doubted = null, forbidden = 0
		where run = $1 and subject = $2 and outcome = 'review'`,
		run,
		subject,
		string(end.Outcome),
		end.Resource,
		end.Detail,
	)
	switch {
	case isClaimed(err):
		return fmt.Errorf("%s: order %s belongs to a different item", what, end.Resource.UUID)
	case err == nil && changed == 0:
		return fmt.Errorf("%s: the line %s does not need review in this run", what, subject)
	}
	return database.Wrap(what, err)
}
