package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// Order has those fields of an order at the server that the ledger needs.
type Order struct {
	ID, Account uuid.UUID
	State       string
	Detail      *string // the reason for the cancellation, or nil
}

func (o Order) row() []any { return []any{o.ID, o.Account, o.State, o.Detail} }

// Unclaimed calls handle for each given order that belongs to no item. It passes the id
// of the order, together with the subject, fields and outcome of the run's item for the
// account of the order. It skips orders of accounts that are not in the run.
func (l *Ledger) Unclaimed(
	ctx context.Context,
	run int64,
	orders []Order,
	handle func(id uuid.UUID, item Item) error,
) error {
	return l.DB.Each(ctx, l.DB.SQL, "compare orders", func(rows *sql.Rows) error {
		var id uuid.UUID
		var item Item
		var body []byte
		if err := rows.Scan(&id, &item.Subject, &body, &item.Outcome); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &item.Fields); err != nil {
			return err
		}
		return handle(id, item)
	}, `select cast(value->>0 as {id}), subject, body, outcome
		from {each} cross join {schema}fleet_item where subject = cast(value->>1 as {id}) and run = $2
		and not exists (select 1 from {schema}fleet_item c where c.resource = cast(value->>0 as {id}))`,
		database.List(orders, Order.row), run)
}

// ghosts selects the items that [Ledger.Ghosts] reports. Its inner query reads only a
// range of the index of claimed orders, instead of the whole run for each page of the
// server's orders.
const ghosts = `with claimed as materialized (
		select run, subject, resource, outcome, done from {schema}fleet_item
		where resource > $3 and resource <= $4)
	select subject, resource, outcome from claimed
	where run = $2 and done < $5 and resource not in (select cast(value->>0 as {id}) from {each})`

// Ghosts calls handle with the subject, order and outcome of each item of the run whose
// order is missing from the given orders of the server. It reads only items that were
// decided before the time `decided` and that have an order with an id after `after` and
// up to `upTo`.
func (l *Ledger) Ghosts(
	ctx context.Context, run int64, after, upTo uuid.UUID, decided time.Time, orders []Order,
	handle func(Item) error,
) error {
	return l.DB.Each(ctx, l.DB.SQL, "compare orders", func(rows *sql.Rows) error {
		var item Item
		if err := rows.Scan(&item.Subject, &item.Resource, &item.Outcome); err != nil {
			return err
		}
		return handle(item)
	}, ghosts, database.List(orders, Order.row), run, after, upTo, decided.UnixMilli())
}

// SetStates copies the state of each given order to the item that has the order, if this
// item is in the run and its outcome is [Done] or [Found]. It also copies the detail of
// the order if there is one.
func (l *Ledger) SetStates(ctx context.Context, run int64, orders []Order) error {
	return l.exec(ctx, "record the states of orders", `update {schema}fleet_item
		set status = value->>2, detail = coalesce(value->>3, detail) from {each}
		where resource = cast(value->>0 as {id}) and run = $2 and outcome in ('done', 'found')
			and (status is distinct from value->>2 or detail is distinct from coalesce(value->>3, detail))`,
		database.List(orders, Order.row), run)
}

// SetItemState records the state of an item's resource, if the outcome of the item is
// [Done] or [Found]. It is for items that place no orders.
func (l *Ledger) SetItemState(ctx context.Context, item Item, state, detail string) error {
	return l.exec(ctx, "record the state of the item", `update {schema}fleet_item set status = $3, detail = $4
		where run = $1 and subject = $2 and outcome in ('done', 'found')`,
		item.Run, item.Subject, state, detail)
}

// Analyze updates the planner's statistics after many items have been added.
func (l *Ledger) Analyze(ctx context.Context) error {
	return l.exec(ctx, "update the planner's statistics", "analyze {schema}fleet_item")
}
