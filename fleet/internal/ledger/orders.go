package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Outcome is what became of an order.
type Outcome string

// The outcomes. Only the first two are taken up again.
const (
	Open    Outcome = "open"    // not placed yet, or placed without our knowing
	Look    Outcome = "look"    // refused, after an attempt that may have placed it: to be looked for
	Placed  Outcome = "placed"  // the server said so
	Adopted Outcome = "adopted" // found among the account's orders
	Refused Outcome = "refused" // the server will not have it, and has none
	Review  Outcome = "review"  // a person decides
)

// Body is what an order asks for. It never changes once it is written down.
type Body struct {
	Account, User          uuid.UUID
	Side, Amount, Currency string
}

// Order is a row.
type Order struct {
	Run string
	Body
	Outcome  Outcome
	Since    time.Time // the first attempt that may have placed it; zero if there is none
	Last     time.Time // the last attempt
	Attempts int       // since then
	OrderID  uuid.NullUUID
	Detail   string
	Now      time.Time // when the row was read, on the same clock
}

// KeptFor is how long an order is taken up with its key alone: an hour less than Upvest promises to keep keys.
const KeptFor = 23 * time.Hour

const columns = `run, account, user_id, side, amount, currency, outcome, coalesce(since, 0), coalesce(last, 0), attempts, order_id, coalesce(detail, ''), {now}`

func (o *Order) scan(row interface{ Scan(fields ...any) error }) error {
	var since, last, now int64
	err := row.Scan(&o.Run, &o.Account, &o.User, &o.Side, &o.Amount, &o.Currency, &o.Outcome, &since, &last, &o.Attempts, &o.OrderID, &o.Detail, &now)
	if since > 0 {
		o.Since, o.Last = time.UnixMilli(since), time.UnixMilli(last)
	}
	o.Now = time.UnixMilli(now)
	return err
}

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

// Start commits that an attempt begins, if the order may be sent with its key alone: it is open, and no attempt is older than [KeptFor].
// Else it leaves the row as it is, and says how it stands.
func (l *Ledger) Start(ctx context.Context, run string, account uuid.UUID) (order Order, begun bool, err error) {
	key := rowKey{run, account}
	if begunOrder, err := l.starting.do(ctx, key, key); err != nil {
		return order, false, err
	} else if begunOrder != nil {
		return *begunOrder, true, nil
	}
	err = order.scan(l.row(ctx, "select "+columns+" from fleet_order where run = $1 and account = $2", run, account))
	return order, false, wrap("read how the order stands", err)
}

// start returns the orders whose attempts begin.
func (l *Ledger) start(ctx context.Context, keys []rowKey) (map[rowKey]*Order, error) {
	begun := make(map[rowKey]*Order, len(keys))
	return begun, l.each(ctx, l.db, "begin an attempt", func(rows *sql.Rows) error {
		order := new(Order)
		err := order.scan(rows)
		begun[rowKey{order.Run, order.Account}] = order
		return err
	}, `update fleet_order set since = coalesce(since, {now}), last = {now}, attempts = attempts + 1 from {each}
		where run = value->>0 and account = cast(value->>1 as {id}) and outcome = 'open' and (since is null or since > {now} - $2)
		returning `+columns, list(keys, func(k rowKey) []any { return []any{k.run, k.account} }), KeptFor.Milliseconds())
}

// Restart begins a new first attempt for an order that the server was found not to have, unless somebody else has begun one.
func (l *Ledger) Restart(ctx context.Context, order *Order) (begun bool, err error) {
	err = order.scan(l.row(ctx, `update fleet_order set since = {now}, last = {now}, attempts = 1
		where run = $1 and account = $2 and outcome = 'open' and last = $3 returning `+columns, order.Run, order.Account, order.Last.UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, wrap("begin again", err)
}

// Release takes a first attempt back that certainly did nothing, as if it had never begun.
func (l *Ledger) Release(ctx context.Context, order Order) error {
	return l.exec(ctx, l.db, "take an attempt back", `update fleet_order set since = null, last = null, attempts = 0
		where run = $1 and account = $2 and outcome = 'open' and attempts = 1 and last = $3`, order.Run, order.Account, order.Last.UnixMilli())
}

// Note writes down why an open order is not decided: it stays open, or is to be looked for.
func (l *Ledger) Note(ctx context.Context, run string, account uuid.UUID, outcome Outcome, detail string) error {
	return l.exec(ctx, l.db, "write down how the order stands", `update fleet_order set outcome = $3, detail = $4
		where run = $1 and account = $2 and outcome = 'open'`, run, account, outcome, detail)
}

// Finish writes down what became of an order. Where that is known already and differs, the order is up for review. It fails where another row
// has claimed the server's order.
func (l *Ledger) Finish(ctx context.Context, order Order, outcome Outcome, id uuid.NullUUID, detail string) error {
	end := ended{rowKey{order.Run, order.Account}, outcome, id, detail}
	isNew, err := l.finishing.do(ctx, end.rowKey, end)
	if err != nil { // it may be another order's fault
		var alone map[rowKey]bool
		alone, err = l.finish(ctx, []ended{end})
		isNew = alone[end.rowKey]
	}
	if err == nil && !isNew && id.Valid {
		return l.exec(ctx, l.db, "put an order up for review", `update fleet_order set outcome = 'review', detail = $4
			where run = $1 and account = $2 and order_id is distinct from $3`, order.Run, order.Account, id,
			fmt.Sprintf("was %s before order %s came up", order.Outcome, id.UUID))
	}
	return err
}

type ended struct {
	rowKey
	outcome Outcome
	id      uuid.NullUUID
	detail  string
}

// finish returns the rows of which it was not known yet what became of them.
func (l *Ledger) finish(ctx context.Context, ends []ended) (map[rowKey]bool, error) {
	isNew := make(map[rowKey]bool, len(ends))
	return isNew, l.each(ctx, l.db, "write down what became of the order", func(rows *sql.Rows) error {
		var key rowKey
		err := rows.Scan(&key.run, &key.account)
		isNew[key] = true
		return err
	}, `update fleet_order set outcome = value->>2, order_id = cast(value->>3 as {id}), detail = value->>4, done = {now} from {each}
		where run = value->>0 and account = cast(value->>1 as {id}) and outcome in ('open', 'look') returning run, account`,
		list(ends, func(e ended) []any { return []any{e.run, e.account, e.outcome, e.id, e.detail} }))
}

// Claimed returns those of some orders of the server that a row of any run has claimed.
func (l *Ledger) Claimed(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	return l.ids(ctx, l.db, "look for claimed orders", "select order_id from fleet_order where order_id in (select cast(value->>0 as {id}) from {each})",
		list(ids, func(id uuid.UUID) []any { return []any{id} }))
}
