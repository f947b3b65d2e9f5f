package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
)

// Found is an order of the server.
type Found struct {
	ID uuid.UUID
	Body
}

// Difference is an order that is not as it should be.
type Difference struct {
	Found           // the server's order, or the row's account with the order that it claims
	Row     Body    // of the run for the same account
	Outcome Outcome // of that row, empty if there is none
	Detail  string
}

// Started returns when a run was made known, and what the time is now on the same clock.
func (l *Ledger) Started(ctx context.Context, run string) (started, now time.Time, err error) {
	var made, read int64
	err = l.row(ctx, "select created, {now} from fleet_run where run = $1", run).Scan(&made, &read)
	return time.UnixMilli(made), time.UnixMilli(read), wrap("look for the run "+run, err)
}

// Unclaimed passes on those of the server's orders that no row has claimed, each with the run's row for its account.
func (l *Ledger) Unclaimed(ctx context.Context, run string, orders []Found, handle func(Difference)) error {
	return l.differences(ctx, handle, `select cast(value->>0 as {id}), cast(value->>1 as {id}), value->>3, value->>4, value->>5,
			coalesce(side, ''), coalesce(amount, ''), coalesce(currency, ''), coalesce(outcome, ''), ''
		from {each} left join fleet_order on account = cast(value->>1 as {id}) and run = $2
		where not exists (select 1 from fleet_order c where c.order_id = cast(value->>0 as {id}))`, list(orders, Found.fields), run)
}

// Ghosts passes on the run's rows that claim an order behind one id and up to another, decided before a time, that is not among those.
func (l *Ledger) Ghosts(ctx context.Context, run string, after, upTo uuid.UUID, decided time.Time, orders []Found, handle func(Difference)) error {
	return l.differences(ctx, handle, `select order_id, account, '', '', '', side, amount, currency, outcome, '' from fleet_order where run = $2
		and order_id > $3 and order_id <= $4 and done < $5 and order_id not in (select cast(value->>0 as {id}) from {each})`,
		list(orders, Found.fields), run, after, upTo, decided.UnixMilli())
}

// Undone passes on the run's rows that have no order.
func (l *Ledger) Undone(ctx context.Context, run string, handle func(Difference)) error {
	return l.differences(ctx, handle, `select null, account, '', '', '', side, amount, currency, outcome, coalesce(detail, '') from fleet_order
		where run = $1 and order_id is null order by outcome, account`, run)
}

func (f Found) fields() []any { return append([]any{f.ID}, f.Body.fields()...) }

func (l *Ledger) differences(ctx context.Context, handle func(Difference), statement string, arguments ...any) error {
	return l.each(ctx, l.db, "compare orders", func(rows *sql.Rows) error {
		var d Difference
		var id uuid.NullUUID
		err := rows.Scan(&id, &d.Account, &d.Side, &d.Amount, &d.Currency, &d.Row.Side, &d.Row.Amount, &d.Row.Currency, &d.Outcome, &d.Detail)
		if d.ID, d.Row.Account = id.UUID, d.Account; err == nil {
			handle(d)
		}
		return err
	}, statement, arguments...)
}
