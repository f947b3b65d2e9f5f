package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// WithoutLookup is the time during which the fleet may send an item again without looking
// it up at the server.
type WithoutLookup time.Duration

// Never requires a lookup before every attempt. Once permits an attempt without a lookup
// if no earlier attempt may have acted. A positive value also permits attempts for that
// long after the first attempt that may have acted.
const (
	Never WithoutLookup = -1
	Once  WithoutLookup = 0
)

// starting contains the arguments of one call to [Ledger.Start].
type starting struct {
	rowKey
	withoutLookup WithoutLookup
	isProbe       bool
}

// canBegin is the SQL condition for every attempt: the fleet is not halted, and the run
// is not paused, cancelled or held. The caller completes the condition with an expression
// that is true for a probe, because a probe may begin even while the run is held.
const canBegin = `r.state = 'running' and halted is null and (held is null or `

// Start records the beginning of an attempt if the run may send items, and the item is
// open and needs no lookup. Otherwise Start returns the item unchanged. An item needs no
// lookup if the ledger is not marked as restored, the item has no order yet, and
// `withoutLookup` permits the attempt.
func (l *Ledger) Start(
	ctx context.Context, run int64, subject uuid.UUID, withoutLookup WithoutLookup, isProbe bool,
) (item Item, hasBegun bool, err error) {
	key := rowKey{run, subject}
	begun, err := l.starting.do(ctx, key, starting{key, withoutLookup, isProbe})
	if err != nil {
		return Item{}, false, err
	}
	if begun != nil {
		return *begun, true, nil
	}
	item, err = l.Item(ctx, run, subject)
	return item, false, err
}

// start records the beginnings of attempts, and returns the items whose attempts have
// begun.
func (l *Ledger) start(ctx context.Context, asked []starting) (map[rowKey]*Item, error) {
	begun := make(map[rowKey]*Item, len(asked))
	err := l.DB.Each(ctx, l.DB.SQL, "begin an attempt", func(rows *sql.Rows) error {
		item := new(Item)
		if err := item.scan(rows); err != nil {
			return err
		}
		begun[rowKey{item.Run, item.Subject}] = item
		return nil
	}, `update {schema}fleet_item as i set since = coalesce(since, {now}), last = {now},
			attempts = attempts + 1, unsure = unsure + 1
		from {each}, {schema}fleet_run r, {schema}fleet_setting
		where run = cast(value->>0 as integer) and subject = cast(value->>1 as {id}) and r.id = run
			and outcome = 'open' and resource is null and restored is null
			and `+canBegin+`cast(value->>3 as integer) = 1)
			and (since is null and cast(value->>2 as bigint) >= 0
				or since > {now} - cast(value->>2 as bigint))
		returning `+itemColumns,
		database.List(asked, func(s starting) []any {
			return []any{
				s.run,
				s.subject,
				time.Duration(max(s.withoutLookup, -1)).Milliseconds() + sign(s.withoutLookup),
				number(s.isProbe),
			}
		}))
	return begun, err
}

// sign returns -1 for [Never] and 0 for other values. Adding it keeps Never below zero,
// because the conversion to milliseconds rounds Never to 0.
func sign(b WithoutLookup) int64 {
	if b < 0 {
		return -1
	}
	return 0
}

func number(isSo bool) int {
	if isSo {
		return 1
	}
	return 0
}

// Restart begins an attempt after a lookup has shown that no earlier attempt has acted.
// It reports false if a newer attempt has begun, if the item is no longer open, or if the
// run may not send items.
func (l *Ledger) Restart(ctx context.Context, item *Item, isProbe bool) (hasBegun bool, err error) {
	err = item.scan(l.DB.Row(ctx, l.DB.SQL, `update {schema}fleet_item as i
		set since = {now}, last = {now}, attempts = attempts + 1, unsure = 1
		from {schema}fleet_run r, {schema}fleet_setting
		where run = $1 and subject = $2 and r.id = run and outcome = 'open' and attempts = $3 and `+
		canBegin+`$4 = 1) returning `+itemColumns, item.Run, item.Subject, item.Attempts, number(isProbe)))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, database.Wrap("begin a further attempt", err)
}

// Release records that an attempt certainly did not act. It does nothing if a newer
// attempt has begun.
func (l *Ledger) Release(ctx context.Context, item Item) error {
	return l.exec(ctx, "record that an attempt did not act", `update {schema}fleet_item
		set unsure = unsure - 1,
			since = case when unsure = 1 then null else since end
		where run = $1 and subject = $2 and outcome = 'open' and attempts = $3 and unsure > 0`,
		item.Run, item.Subject, item.Attempts)
}

// Note records why an item is not decided yet. It sets the given outcome, which is [Open]
// or [Look].
func (l *Ledger) Note(ctx context.Context, item Item, outcome Outcome, detail string) error {
	return l.exec(
		ctx,
		"record the state of the item",
		`update {schema}fleet_item set outcome = $3, detail = $4
		where run = $1 and subject = $2 and outcome = 'open' and attempts = $5`,
		item.Run,
		item.Subject,
		string(outcome),
		detail,
		item.Attempts,
	)
}

// Doubt records that the server has refused an open item, and that this refusal may be
// temporary. It keeps the time of the item's first such refusal.
func (l *Ledger) Doubt(ctx context.Context, item Item, detail string) error {
	return l.exec(
		ctx,
		"record the refusal",
		`update {schema}fleet_item set doubted = coalesce(doubted, {now}), detail = $4
		where run = $1 and subject = $2 and outcome = 'open' and attempts = $3`,
		item.Run,
		item.Subject,
		item.Attempts,
		detail,
	)
}

// Forbid counts a response with status 403 for an open item.
func (l *Ledger) Forbid(ctx context.Context, item Item) error {
	return l.exec(ctx, "count the refusal", `update {schema}fleet_item set forbidden = forbidden + 1
		where run = $1 and subject = $2 and outcome = 'open' and attempts = $3`,
		item.Run, item.Subject, item.Attempts)
}

// RecordOrder records the order that the server returned for the item, if the item is
// undecided and has no order yet. The order belongs to the item even if the order is
// cancelled later.
func (l *Ledger) RecordOrder(ctx context.Context, item Item, resource uuid.UUID) error {
	return l.exec(ctx, "record the order of the item", `update {schema}fleet_item set resource = $3
		where run = $1 and subject = $2 and outcome in ('open', 'look') and resource is null`,
		item.Run, item.Subject, resource)
}

// GiveUp records the last failure of an item whose job gets no further attempt. The item
// stays open.
func (l *Ledger) GiveUp(ctx context.Context, run int64, subject uuid.UUID, failure error) error {
	return l.exec(ctx, "record the last failure", `update {schema}fleet_item set detail = $3
		where run = $1 and subject = $2 and outcome in ('open', 'look')`,
		run, subject, "no further attempt: "+failure.Error())
}
