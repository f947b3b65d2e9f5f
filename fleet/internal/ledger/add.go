package ledger

import (
	"context"
	"database/sql"

	"github.com/google/uuid"
)

// Add writes orders of a run down in the caller's transaction, and returns the accounts whose orders were not there yet.
func (l *Ledger) Add(ctx context.Context, tx *sql.Tx, run string, bodies []Body) (added []uuid.UUID, err error) {
	const what = "write orders down"
	if err := l.exec(ctx, tx, what, "insert into fleet_run (run, created) values ($1, {now}) on conflict do nothing", run); err != nil {
		return nil, err
	}
	return l.ids(ctx, tx, what, `insert into fleet_order (run, account, user_id, side, amount, currency)
		select $2, cast(value->>0 as {id}), cast(value->>1 as {id}), value->>2, value->>3, value->>4 from {each}
		where true on conflict do nothing returning account`, list(bodies, Body.fields), run)
}

// Differing returns the accounts that have another order in the run already.
func (l *Ledger) Differing(ctx context.Context, run string, bodies []Body) ([]uuid.UUID, error) {
	return l.ids(ctx, l.db, "compare orders", `select account from fleet_order join {each} on account = cast(value->>0 as {id}) where run = $2
		and not (user_id = cast(value->>1 as {id}) and side = value->>2 and amount = value->>3 and currency = value->>4)`,
		list(bodies, Body.fields), run)
}

func (b Body) fields() []any { return []any{b.Account, b.User, b.Side, b.Amount, b.Currency} }

// Stranded returns the accounts of a run whose orders are not decided, and that have no job any more: it was cancelled, deleted or given up.
// In the caller's transaction it removes what is left of such jobs, whose place others are to take.
func (l *Ledger) Stranded(ctx context.Context, tx *sql.Tx, run string) (accounts []uuid.UUID, err error) {
	const what = "look for orders without a job"
	if err := l.exec(ctx, tx, what, "delete from river_job where state in ('cancelled', 'discarded') and args->>'run' = $1", run); err != nil {
		return nil, err
	}
	return l.ids(ctx, tx, what, `select account from fleet_order where run = $1 and outcome in ('open', 'look') except
		select cast(args->>'account' as {id}) from river_job where args->>'run' = $1 and state <> 'completed'`, run)
}
