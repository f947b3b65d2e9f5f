// Package pager reads lists that are paged by offset while rows are added and removed.
package pager

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"
)

// maxIdle bounds the pages in a row that bring nothing new.
const maxIdle = 1000

// Page is a page as the server gave it, with the limit that it went by and the rows that it says there are, 0 for what it does not say.
type Page[T any] struct {
	Rows         []T
	Limit, Total int
	offset       int32
}

func (p Page[T]) end() int32 { return p.offset + int32(len(p.Rows)) } // bounded by the size of a body

// Fetch requests one page. A turn that is not nil is called before the response is decoded.
type Fetch[T any] func(ctx context.Context, offset, limit int32, turn func(context.Context)) (Page[T], error)

// List is a list to be read.
type List[T any] struct {
	Fetch Fetch[T]
	ID    func(T) uuid.UUID
	Order int   // that was asked for: 1 by ascending ids, -1 by descending ids, 0 by something else
	Limit int32 // of the pages to ask for, at least 2: one row of each is the last of the page before
	Ahead int   // pages to request while one is handled

	Unreadable error // what is returned, with the reason, when the list cannot be read to its end with every row exactly once
}

// Read passes on every row from an offset on until emit says no.
func (l List[T]) Read(ctx context.Context, offset int32, emit func(T) bool) error {
	r, pages := reader[T]{List: l, behind: -1}, pages[T]{List: l, ctx: ctx}
	defer pages.close()
	for offset >= 0 {
		page, err := pages.read(offset)
		if err != nil {
			return err
		}
		r.largest = max(r.largest, len(page.Rows))
		joined := r.largest == 1 && len(page.Rows) == 1 && r.passed > 0
		if joined { // of pages with one row, two make one: without overlap no place could be told
			former, err := pages.fetch(ctx, offset-1, nil)
			if joined = err == nil && len(former.Rows) == 1; err != nil {
				return err
			}
			if joined {
				page.Rows, page.offset = append(former.Rows, page.Rows...), offset-1
			}
		}
		fresh, next, err := r.place(page)
		if err != nil {
			return err
		}
		for _, row := range page.Rows[fresh:] {
			if err := r.pass(r.ID(row)); err != nil || !emit(row) {
				return err
			}
		}
		if offset = next; joined && next >= 0 {
			offset++
		}
		if offset > math.MaxInt32-2*l.Limit {
			return l.unreadable("it has more rows than an offset can count")
		}
	}
	return nil
}

// reader is where a reader stands in a list whose offsets shift under it: behind the last row that it passed on. If the first page is in
// the order that was asked for, the id of that row tells the place, even when the row has gone, and the list has to stay in order. If it
// is not, the row itself has to be found, behind none but rows that were passed on, and all ids are remembered.
type reader[T any] struct {
	List[T]
	seen    map[uuid.UUID]bool // nil for a list in order
	last    uuid.UUID
	passed  int
	behind  int32 // the offset behind the last page that reached the place
	largest int   // rows of the largest page
	idle    int   // pages in a row with nothing new
	head    uuid.UUID
	total   int
	same    int // pages in a row that begin like the one before, though the list did not grow
}

// place returns the index of the first row of a page that comes behind the place, and the offset to read next, -1 at the end of the list.
func (r *reader[T]) place(page Page[T]) (fresh int, next int32, err error) {
	rows := page.Rows
	if len(rows) == 0 && (r.passed == 0 || page.offset == 0 || page.offset == r.behind) {
		return 0, -1, nil
	}
	if r.same++; len(rows) < 3 || r.ID(rows[0]) != r.head || page.Total != r.total {
		r.same = 0
	}
	if r.idle++; r.same > 1 || r.idle > maxIdle {
		return 0, 0, r.unreadable("the server keeps sending the same rows, or ignores the offset")
	}
	if r.total = page.Total; len(rows) > 0 {
		r.head = r.ID(rows[0])
	}
	isInOrder := r.Order != 0 && slices.IsSortedFunc(rows, func(a, b T) int { return compare(r.ID(a), r.ID(b)) * r.Order })
	switch {
	case r.passed == 0 && !isInOrder:
		r.seen = map[uuid.UUID]bool{}
	case r.passed == 0:
	case r.seen != nil:
		fresh = slices.IndexFunc(rows, func(row T) bool { return r.ID(row) == r.last }) + 1
		if fresh == 0 || slices.ContainsFunc(rows[:fresh], func(row T) bool { return !r.seen[r.ID(row)] }) {
			return 0, 0, r.unreadable("it is in no order, and the row that was read last is not where it was")
		}
	case !isInOrder:
		return 0, 0, r.unreadable("its rows are not in the order that was asked for")
	default:
		for fresh < len(rows) && compare(r.ID(rows[fresh]), r.last) != r.Order {
			fresh++
		}
		if fresh == 0 && page.offset > 0 { // rows before the place have gone
			return len(rows), max(0, page.offset-max(int32(r.largest)-1, 1)), nil
		}
	}
	if r.behind = page.end(); fresh < len(rows) {
		r.idle = 0
	}
	next = page.offset + max(int32(len(rows))-1, 1)
	if limit := cmp.Or(page.Limit, int(r.Limit)); len(rows) < limit && page.Total == int(page.end()) {
		next = -1 // any other total is believed no further: the documented example counts 1 for 2 rows
	}
	return fresh, next, nil
}

// pass takes note of a row that is passed on.
func (r *reader[T]) pass(id uuid.UUID) error {
	if r.seen[id] || r.passed > 0 && id == r.last {
		return r.unreadable("the server repeats its rows")
	}
	if r.seen != nil {
		r.seen[id] = true
	}
	r.last = id
	r.passed++
	return nil
}

func compare(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func (l List[T]) unreadable(why string) error { return fmt.Errorf("%w: %s", l.Unreadable, why) }
