package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
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

// ErrClaimed says that another row has claimed the order of the server.
var ErrClaimed = errors.New("another row has claimed this order")

const columns = `run, account, user_id, side, amount, currency, outcome, coalesce(since, 0), coalesce(last, 0), attempts, order_id, coalesce(detail, ''), {now}`

type scanner interface{ Scan(fields ...any) error }

func (o *Order) scan(row scanner) error {
	var since, last, now int64
	err := row.Scan(&o.Run, &o.Account, &o.User, &o.Side, &o.Amount, &o.Currency, &o.Outcome, &since, &last, &o.Attempts, &o.OrderID, &o.Detail, &now)
	if since > 0 {
		o.Since, o.Last = time.UnixMilli(since), time.UnixMilli(last)
	}
	o.Now = time.UnixMilli(now)
	return err
}

// Start commits that an attempt begins, if the order may be sent with its key alone: it is open, and no attempt is older than [KeptFor].
// Else it leaves the row as it is, and says how it stands.
func (l *Ledger) Start(ctx context.Context, run string, account uuid.UUID) (order Order, begun bool, err error) {
	begunOrder, err := l.starting.do(ctx, rowKey{run, account})
	if err == nil && begunOrder != nil {
		return *begunOrder, true, nil
	}
	if err == nil {
		err = order.scan(l.row(ctx, "select "+columns+" from fleet_order where run = $1 and account = $2", run, account))
	}
	if err != nil {
		return order, false, fmt.Errorf("begin an attempt: %w", err)
	}
	return order, false, nil
}

type rowKey struct {
	run     string
	account uuid.UUID
}

// start returns an order for each row whose attempt begins, nil for the others. A row that is asked for twice begins one attempt.
func (l *Ledger) start(ctx context.Context, keys []rowKey) ([]*Order, error) {
	list, err := encode(keys, func(k rowKey) []any { return []any{k.run, k.account} })
	if err != nil {
		return nil, err
	}
	begun := make(map[rowKey]*Order, len(keys))
	err = l.each(ctx, l.db, func(row scanner) error {
		order := new(Order)
		err := order.scan(row)
		begun[rowKey{order.Run, order.Account}] = order
		return err
	}, `update fleet_order set since = coalesce(since, {now}), last = {now}, attempts = attempts + 1 from {each}
		where run = value->>0 and account = cast(value->>1 as {id}) and outcome = 'open' and (since is null or since > {now} - $2)
		returning `+columns, list, KeptFor.Milliseconds())
	orders := make([]*Order, len(keys))
	for i, key := range keys {
		orders[i] = begun[key]
		delete(begun, key)
	}
	return orders, err
}

// Restart begins a new first attempt for an order that the server was found not to have, unless somebody else has begun one.
func (l *Ledger) Restart(ctx context.Context, order *Order) (begun bool, err error) {
	err = order.scan(l.row(ctx, `update fleet_order set since = {now}, last = {now}, attempts = 1
		where run = $1 and account = $2 and outcome = 'open' and last = $3 returning `+columns, order.Run, order.Account, order.Last.UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("begin again: %w", err)
	}
	return true, nil
}

// Release takes a first attempt back that certainly did nothing, as if it had never begun.
func (l *Ledger) Release(ctx context.Context, order Order) error {
	_, err := l.exec(ctx, `update fleet_order set since = null, last = null, attempts = 0
		where run = $1 and account = $2 and outcome = 'open' and attempts = 1 and last = $3`, order.Run, order.Account, order.Last.UnixMilli())
	if err != nil {
		return fmt.Errorf("take an attempt back: %w", err)
	}
	return nil
}

// Suspect notes that an order was refused after an earlier attempt that may have placed it.
func (l *Ledger) Suspect(ctx context.Context, order Order, detail string) error {
	return l.note(ctx, order, "set outcome = 'look', detail = $3", detail)
}

// Note writes a detail down without deciding anything.
func (l *Ledger) Note(ctx context.Context, order Order, detail string) error {
	return l.note(ctx, order, "set detail = $3", detail)
}

func (l *Ledger) note(ctx context.Context, order Order, set, detail string) error {
	_, err := l.exec(ctx, "update fleet_order "+set+" where run = $1 and account = $2 and outcome = 'open'", order.Run, order.Account, detail)
	if err != nil {
		return fmt.Errorf("write a detail down: %w", err)
	}
	return nil
}

// Finish writes down what became of an order. Where that is known already and differs, the order is up for review.
func (l *Ledger) Finish(ctx context.Context, order Order, outcome Outcome, id uuid.NullUUID, detail string) error {
	end := ended{rowKey{order.Run, order.Account}, outcome, id, detail}
	isNew, err := l.finishing.do(ctx, end)
	if err != nil { // it may be another order's fault
		var alone []bool
		if alone, err = l.finish(ctx, []ended{end}); err == nil {
			isNew = alone[0]
		}
	}
	if err == nil && !isNew && id.Valid {
		_, err = l.exec(ctx, `update fleet_order set outcome = 'review', detail = $4
			where run = $1 and account = $2 and order_id is distinct from $3`, order.Run, order.Account, id,
			fmt.Sprintf("was %s before order %s came up", order.Outcome, id.UUID))
	}
	if err != nil && strings.Contains(strings.ToLower(err.Error()), "unique") {
		err = fmt.Errorf("%w: %w", ErrClaimed, err)
	}
	if err != nil {
		return fmt.Errorf("write down what became of the order: %w", err)
	}
	return nil
}

type ended struct {
	rowKey
	outcome Outcome
	id      uuid.NullUUID
	detail  string
}

// finish says of each row whether what became of it was not known yet.
func (l *Ledger) finish(ctx context.Context, ends []ended) ([]bool, error) {
	list, err := encode(ends, func(e ended) []any { return []any{e.run, e.account, e.outcome, e.id, e.detail} })
	if err != nil {
		return nil, err
	}
	changed := make(map[rowKey]bool, len(ends))
	err = l.each(ctx, l.db, func(row scanner) error {
		var key rowKey
		err := row.Scan(&key.run, &key.account)
		changed[key] = true
		return err
	}, `update fleet_order set outcome = value->>2, order_id = cast(value->>3 as {id}), detail = value->>4, done = {now} from {each}
		where run = value->>0 and account = cast(value->>1 as {id}) and outcome in ('open', 'look') returning run, account`, list)
	isNew := make([]bool, len(ends))
	for i, end := range ends {
		isNew[i] = changed[end.rowKey]
		delete(changed, end.rowKey)
	}
	return isNew, err
}

// Claimed returns those of some orders of the server that a row of any run has claimed.
func (l *Ledger) Claimed(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := encode(ids, func(id uuid.UUID) []any { return []any{id} })
	if err != nil {
		return nil, err
	}
	claimed, err := l.ids(ctx, l.db, "select order_id from fleet_order where order_id in (select cast(value->>0 as {id}) from {each})", list)
	if err != nil {
		return nil, fmt.Errorf("look for claimed orders: %w", err)
	}
	return claimed, nil
}
