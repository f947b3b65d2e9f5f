package ledger

import (
	"context"
	"database/sql"
)

// Counts are the numbers of a run's items by outcome.
type Counts struct {
	Waiting   int `json:"waiting"` // no attempt can have acted
	Unknown   int `json:"unknown"` // an attempt may have acted
	Done      int `json:"done"`
	Found     int `json:"found"`
	Refused   int `json:"refused"`
	Review    int `json:"review"`
	Cancelled int `json:"cancelled"`
	// States counts the done and found items by the state of their resource at the
	// server. The key "" counts items whose state the fleet has not read, such as
	// configurations, which have no state.
	States map[string]int `json:"states"`
}

// Open returns how many items are not decided.
func (c *Counts) Open() int { return c.Waiting + c.Unknown }

// Decided returns how many items are decided.
func (c *Counts) Decided() int { return c.Done + c.Found + c.Refused + c.Review + c.Cancelled }

// Total returns the number of items of the run.
func (c *Counts) Total() int { return c.Decided() + c.Open() }

// Count counts the items of a run.
func (l *Ledger) Count(ctx context.Context, run int64) (Counts, error) {
	counts := Counts{States: map[string]int{}}
	err := l.DB.Each(ctx, l.DB.SQL, "count the items", func(rows *sql.Rows) error {
		var outcome Outcome
		var state string
		var isUnsure bool
		var count int
		if err := rows.Scan(&outcome, &state, &isUnsure, &count); err != nil {
			return err
		}
		counts.add(outcome, state, isUnsure, count)
		return nil
	}, `select outcome, coalesce(status, ''), unsure > 0, count(*) from {schema}fleet_item
		where run = $1 group by 1, 2, 3`, run)
	return counts, err
}

func (c *Counts) add(outcome Outcome, state string, isUnsure bool, count int) {
	switch outcome {
	case Open, Look:
		if isUnsure || outcome == Look {
			c.Unknown += count
		} else {
			c.Waiting += count
		}
	case Done:
		c.Done += count
		c.States[state] += count
	case Found:
		c.Found += count
		c.States[state] += count
	case Refused:
		c.Refused += count
	case Review:
		c.Review += count
	case Dropped:
		c.Cancelled += count
	}
}
