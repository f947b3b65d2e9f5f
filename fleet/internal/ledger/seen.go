package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Seen are the orders of the server beside those of the ledger, in a temporary table: as many as there are, without being held in memory.
type Seen struct {
	ledger  *Ledger
	run     string
	db      *sql.Conn // a temporary table belongs to its connection
	started time.Time
}

// Difference is an order that is not as it should be.
type Difference struct {
	Account uuid.UUID
	OrderID uuid.NullUUID
	Outcome Outcome // of the row, empty if there is none
	Detail  string
}

// NewSeen begins to compare. The run's age says which of the server's orders matter.
func (l *Ledger) NewSeen(ctx context.Context, run string) (seen *Seen, created time.Time, err error) {
	s := &Seen{ledger: l, run: run}
	var millis, now int64
	if err := l.row(ctx, "select created, {now} from fleet_run where run = $1", run).Scan(&millis, &now); err != nil {
		return nil, created, fmt.Errorf("look for the run %s: %w", run, err)
	}
	s.started = time.UnixMilli(now)
	if s.db, err = l.db.Conn(ctx); err != nil {
		return nil, created, fmt.Errorf("connect: %w", err)
	}
	_, err = s.db.ExecContext(ctx, l.words.Replace(`create temporary table fleet_seen (
		order_id {id} primary key, account {id} not null, side {text} not null, amount {text} not null, currency {text} not null)`))
	if err != nil {
		return nil, created, fmt.Errorf("make a temporary table: %w", err)
	}
	return s, time.UnixMilli(millis), nil
}

// Close forgets what was seen.
func (s *Seen) Close(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "drop table fleet_seen")
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("end the comparison: %w", err)
	}
	return err
}

// SeenOrder is an order of the server.
type SeenOrder struct {
	ID uuid.UUID
	Body
}

// Add takes note of orders of the server.
func (s *Seen) Add(ctx context.Context, orders []SeenOrder) error {
	list, err := encode(orders, func(o SeenOrder) []any { return []any{o.ID, o.Account, o.Side, o.Amount, o.Currency} })
	if err == nil {
		_, err = s.db.ExecContext(ctx, s.ledger.words.Replace(`insert into fleet_seen (order_id, account, side, amount, currency)
			select cast(value->>0 as {id}), cast(value->>1 as {id}), value->>2, value->>3, value->>4 from {each}
			where true on conflict do nothing`), list)
	}
	if err != nil {
		return fmt.Errorf("take note of orders: %w", err)
	}
	return nil
}

// Unclaimed passes on the server's orders that no row has claimed, each with the body and the outcome of the run's row for its account.
func (s *Seen) Unclaimed(ctx context.Context, handle func(order SeenOrder, outcome Outcome, body Body) error) error {
	if _, err := s.db.ExecContext(ctx, "analyze fleet_seen"); err != nil { // nobody else looks after a temporary table
		return fmt.Errorf("analyze what was seen: %w", err)
	}
	err := s.ledger.each(ctx, s.db, func(row scanner) error {
		var order SeenOrder
		var outcome Outcome
		var body Body
		if err := row.Scan(&order.ID, &order.Account, &order.Side, &order.Amount, &order.Currency,
			&outcome, &body.Side, &body.Amount, &body.Currency); err != nil {
			return err
		}
		body.Account = order.Account
		return handle(order, outcome, body)
	}, `select s.order_id, s.account, s.side, s.amount, s.currency,
			coalesce(o.outcome, ''), coalesce(o.side, ''), coalesce(o.amount, ''), coalesce(o.currency, '')
		from fleet_seen s left join fleet_order o on o.account = s.account and o.run = $1
		where not exists (select 1 from fleet_order c where c.order_id = s.order_id) order by s.account, s.order_id`, s.run)
	if err != nil {
		return fmt.Errorf("compare orders: %w", err)
	}
	return nil
}

// Undone passes on the run's rows that have no order, and those whose order the server does not show although it was placed before the
// comparison began.
func (s *Seen) Undone(ctx context.Context, handle func(Difference) error) error {
	err := s.ledger.each(ctx, s.db, func(row scanner) error {
		var d Difference
		if err := row.Scan(&d.Account, &d.OrderID, &d.Outcome, &d.Detail); err != nil {
			return err
		}
		return handle(d)
	}, `select account, order_id, outcome, coalesce(detail, '') from fleet_order o
		where run = $1 and (order_id is null or
			done < $2 and not exists (select 1 from fleet_seen s where s.order_id = o.order_id)) order by outcome, account`,
		s.run, s.started.UnixMilli())
	if err != nil {
		return fmt.Errorf("compare orders: %w", err)
	}
	return nil
}
