package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// AddRun makes a run known, and says whether it was before.
func (l *Ledger) AddRun(ctx context.Context, run string) (known bool, err error) {
	added, err := l.exec(ctx, "insert into fleet_run (run, created) values ($1, {now}) on conflict do nothing", run)
	if err != nil {
		return false, fmt.Errorf("make the run %s known: %w", run, err)
	}
	return added == 0, nil
}

// Add writes orders down in the caller's transaction, and returns those that were not there yet.
func (l *Ledger) Add(ctx context.Context, tx *sql.Tx, run string, bodies []Body) ([]Body, error) {
	list, err := encode(bodies, Body.fields)
	if err != nil {
		return nil, err
	}
	added, err := l.ids(ctx, tx, `insert into fleet_order (run, account, user_id, side, amount, currency)
		select $2, cast(value->>0 as {id}), cast(value->>1 as {id}), value->>2, value->>3, value->>4 from {each}
		where true on conflict do nothing returning account`, list, run)
	if err != nil {
		return nil, fmt.Errorf("write orders down: %w", err)
	}
	return slices.DeleteFunc(bodies, func(b Body) bool { return !added[b.Account] }), nil
}

// Differing returns the accounts that have another order in the run already.
func (l *Ledger) Differing(ctx context.Context, run string, bodies []Body) (map[uuid.UUID]bool, error) {
	list, err := encode(bodies, Body.fields)
	if err != nil {
		return nil, err
	}
	differing, err := l.ids(ctx, l.db, `select account from fleet_order join {each} on account = cast(value->>0 as {id}) where run = $2
		and not (user_id = cast(value->>1 as {id}) and side = value->>2 and amount = value->>3 and currency = value->>4)`, list, run)
	if err != nil {
		return nil, fmt.Errorf("compare orders: %w", err)
	}
	return differing, nil
}

func (b Body) fields() []any { return []any{b.Account, b.User, b.Side, b.Amount, b.Currency} }
