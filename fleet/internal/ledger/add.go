package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

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
	list, err := encode(bodies)
	if err != nil {
		return nil, err
	}
	added, err := readIDs(tx.QueryContext(ctx, l.words.Replace(`insert into fleet_order (run, account, user_id, side, amount, currency)
		select $2, cast(value->>0 as {id}), cast(value->>1 as {id}), value->>2, value->>3, value->>4 from {each}
		where true on conflict do nothing returning account`), list, run))
	if err != nil {
		return nil, fmt.Errorf("write orders down: %w", err)
	}
	fresh := make([]Body, 0, len(added))
	for _, body := range bodies {
		if added[body.Account] {
			fresh = append(fresh, body)
		}
	}
	return fresh, nil
}

// Differing returns the accounts that have another order in the run already.
func (l *Ledger) Differing(ctx context.Context, run string, bodies []Body) (map[uuid.UUID]bool, error) {
	list, err := encode(bodies)
	if err != nil {
		return nil, err
	}
	wanted := make(map[uuid.UUID]Body, len(bodies))
	for _, body := range bodies {
		wanted[body.Account] = body
	}
	rows, err := l.db.QueryContext(ctx, l.words.Replace(`select account, user_id, side, amount, currency from fleet_order
		where run = $2 and account in (select cast(value->>0 as {id}) from {each})`), list, run)
	if err != nil {
		return nil, fmt.Errorf("compare orders: %w", err)
	}
	defer rows.Close()
	differing := map[uuid.UUID]bool{}
	for rows.Next() {
		var b Body
		if err := rows.Scan(&b.Account, &b.User, &b.Side, &b.Amount, &b.Currency); err != nil {
			return nil, fmt.Errorf("compare orders: %w", err)
		}
		if b != wanted[b.Account] {
			differing[b.Account] = true
		}
	}
	return differing, rows.Err()
}

// encode makes one parameter of many rows: SQLite takes longer the more parameters there are.
func encode(bodies []Body) (string, error) {
	rows := make([][5]string, len(bodies))
	for i, b := range bodies {
		rows[i] = [...]string{b.Account.String(), b.User.String(), b.Side, b.Amount, b.Currency}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encode orders: %w", err)
	}
	return string(list), nil
}

func readIDs(rows *sql.Rows, err error) (map[uuid.UUID]bool, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := map[uuid.UUID]bool{}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, rows.Err()
}
