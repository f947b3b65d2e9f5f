package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// Outcome is the result of an item.
type Outcome string

// The outcomes of an item. Workers handle only items whose outcome is [Open] or [Look].
const (
	Open Outcome = "open" // not sent yet, or sent without a confirmation
	// Look means that the server has refused the item, but only a lookup can show that no
	// attempt has acted.
	Look    Outcome = "look"
	Done    Outcome = "done"      // the server confirmed the item
	Found   Outcome = "found"     // a lookup or a person found the item carried out
	Refused Outcome = "refused"   // the item was refused and not carried out
	Review  Outcome = "review"    // a person has to decide
	Dropped Outcome = "cancelled" // the run was cancelled, and the item not carried out
)

// Decided reports whether workers no longer handle an item with this outcome. Operators
// can reopen refused items, and must decide items in review.
func (o Outcome) Decided() bool { return o != Open && o != Look }

// Line is the part of an item that never changes.
type Line struct {
	Subject uuid.UUID // the account or the order that the line changes
	Fields  []string  // the fields after the subject, exactly as in the file
}

// Item is a row of the table of items.
type Item struct {
	Line
	Run       int64
	Outcome   Outcome
	Attempts  int // attempts so far
	Unsure    int // attempts that may have acted
	Forbidden int // responses with status 403 while other items succeeded
	// Since is when the first of the unsure attempts began. It is zero if there are no
	// unsure attempts.
	Since time.Time
	Last  time.Time // when the latest attempt began
	// Doubted is when the server first refused the item in a way that may be temporary.
	Doubted  time.Time
	Resource uuid.NullUUID
	State    string // the state of the resource at the server
	Detail   string

	Now time.Time // when the item was read

	// The following fields describe the run and the fleet at the time Now. They are empty
	// if [Ledger.Start] has begun an attempt of the item.

	RunName    string
	RunState   RunState
	RunCreated time.Time
	Held       string    // why the run or the whole fleet is held
	Restored   time.Time // the mark of a restored ledger, see [Ledger.MarkRestored]
	Marked     time.Time // when the ledger was marked as restored
}

const itemColumns = `run, subject, body, outcome, attempts, unsure, forbidden, coalesce(since, 0),
	coalesce(last, 0), coalesce(doubted, 0), resource, coalesce(status, ''), coalesce(detail, ''), {now}`

// itemsOfRuns selects items, each together with details of its run and of the fleet.
const itemsOfRuns = "select " + itemColumns + `, r.name, r.state, r.created, coalesce(halted, held, ''),
	coalesce(restored, 0), coalesce(marked, 0)
	from {schema}fleet_item i join {schema}fleet_run r on r.id = run cross join {schema}fleet_setting `

// scan reads the columns of [itemColumns] into the item, and the remaining columns into
// `more`.
func (i *Item) scan(row interface{ Scan(fields ...any) error }, more ...any) error {
	var body []byte
	var since, last, doubted, now int64
	err := row.Scan(append([]any{
		&i.Run, &i.Subject, &body, &i.Outcome, &i.Attempts, &i.Unsure, &i.Forbidden, &since, &last, &doubted,
		&i.Resource, &i.State, &i.Detail, &now,
	}, more...)...)
	if err != nil {
		return err
	}
	i.Since = timeOf(since)
	i.Last = timeOf(last)
	i.Doubted = timeOf(doubted)
	i.Now = timeOf(now)
	return json.Unmarshal(body, &i.Fields)
}

// scanAll reads a row of [itemsOfRuns].
func (i *Item) scanAll(row interface{ Scan(fields ...any) error }) error {
	var created, restored, marked int64
	err := i.scan(row, &i.RunName, &i.RunState, &created, &i.Held, &restored, &marked)
	i.RunCreated = timeOf(created)
	i.Restored = timeOf(restored)
	i.Marked = timeOf(marked)
	return err
}

// Item returns the current state of an item.
func (l *Ledger) Item(ctx context.Context, run int64, subject uuid.UUID) (item Item, err error) {
	err = item.scanAll(l.DB.Row(ctx, l.DB.SQL, itemsOfRuns+"where run = $1 and subject = $2", run, subject))
	return item, database.Wrap("read the item", err)
}

// Add writes an item for each line that the run does not have yet, and returns the
// subjects of these items. It uses the caller's transaction.
func (l *Ledger) Add(ctx context.Context, tx *sql.Tx, run int64, lines []Line) ([]uuid.UUID, error) {
	return l.DB.IDs(ctx, tx, "write the items", `insert into {schema}fleet_item (run, subject, body)
		select $2, cast(value->>0 as {id}), value->>1 from {each} where true
		on conflict (run, subject) do nothing returning subject`, database.List(lines, Line.row), run)
}

func (l Line) row() []any { return []any{l.Subject, l.Fields} }

// Present returns those of the given lines that the run already has, with the fields that
// the ledger has for them. The cross join makes SQLite look up each line, even before
// SQLite has statistics about the run.
func (l *Ledger) Present(ctx context.Context, run string, lines []Line) (present []Line, err error) {
	err = l.DB.Each(ctx, l.DB.SQL, "compare the items", func(rows *sql.Rows) error {
		var line Line
		var body []byte
		if err := rows.Scan(&line.Subject, &body); err != nil {
			return err
		}
		present = append(present, line)
		return json.Unmarshal(body, &present[len(present)-1].Fields)
	}, `select subject, body from {each} cross join {schema}fleet_item
		where subject = cast(value->>0 as {id}) and run = (select id from {schema}fleet_run where name = $2)`,
		database.List(lines, func(line Line) []any { return []any{line.Subject} }), run)
	return present, err
}

// Items calls handle for all items of a run, in the order of their subjects.
func (l *Ledger) Items(ctx context.Context, run int64, handle func(Item) error) error {
	return l.items(ctx, "read the items", handle, "where run = $1 order by subject", run)
}

// Undecided calls handle for the items of a run that are not decided.
func (l *Ledger) Undecided(ctx context.Context, run int64, handle func(Item) error) error {
	return l.items(ctx, "read the open items", handle,
		"where run = $1 and outcome in ('open', 'look') order by subject", run)
}

func (l *Ledger) items(
	ctx context.Context,
	what string,
	handle func(Item) error,
	rest string,
	arguments ...any,
) error {
	return l.DB.Each(ctx, l.DB.SQL, what, func(rows *sql.Rows) error {
		var item Item
		if err := item.scanAll(rows); err != nil {
			return err
		}
		return handle(item)
	}, itemsOfRuns+rest, arguments...)
}

// OneOpen returns an undecided item of a run, preferably an open item without unsure
// attempts. The result is not valid if every item is decided.
func (l *Ledger) OneOpen(ctx context.Context, run int64) (subject uuid.NullUUID, err error) {
	err = l.DB.Row(ctx, l.DB.SQL, `select subject from {schema}fleet_item
		where run = $1 and outcome in ('open', 'look') order by outcome = 'look', unsure limit 1`,
		run).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) {
		return subject, nil
	}
	return subject, database.Wrap("look for an open item", err)
}
