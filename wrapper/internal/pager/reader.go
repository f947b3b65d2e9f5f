package pager

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// maxIdle limits how many consecutive pages may bring nothing new.
const maxIdle = 1000

// reader is the place of a reader in a list whose offsets shift: after the last row that
// it passed on.
//
// If the first page is in the requested order, the ID of that row determines the place,
// even after the row has gone, and the list must stay in order. Otherwise the reader has
// to find the row itself, after no rows but those that it passed on, and it remembers all
// IDs.
type reader[T any] struct {
	List[T]
	seen    map[uuid.UUID]bool // nil for a list in order
	last    uuid.UUID
	passed  int
	end     int32 // the offset after the last page that reached the place
	largest int   // rows of the largest page
	idle    int   // consecutive pages with nothing new
	head    uuid.UUID
	total   int
	// same counts consecutive pages that begin like the one before, in a list of the same
	// length.
	same int
}

// place returns the index of the first row of a page that follows the place, and the
// offset to read next, -1 at the end of the list.
func (r *reader[T]) place(page Page[T]) (fresh int, next int32, err error) {
	if len(page.Rows) == 0 && (r.passed == 0 || page.offset == 0 || page.offset == r.end) {
		return 0, -1, nil
	}
	if r.repeats(page) {
		return 0, 0, r.unreadable("the server keeps sending the same rows, or ignores the offset")
	}
	fresh, err = r.find(page.Rows)
	if err != nil {
		return 0, 0, err
	}
	if r.passed > 0 && fresh == 0 && page.offset > 0 { // rows before the place have gone
		return len(page.Rows), max(0, page.offset-max(int32(r.largest)-1, 1)), nil
	}
	r.end = page.end()
	if fresh < len(page.Rows) {
		r.idle = 0
	}
	// Any other total is ignored: the documented example counts 1 for 2 rows.
	limit := cmp.Or(page.Limit, int(r.Limit))
	if len(page.Rows) < limit && page.Total == int(page.end()) {
		return fresh, -1, nil
	}
	return fresh, page.offset + max(int32(len(page.Rows))-1, 1), nil
}

// repeats reports whether the server does not move on in the list.
func (r *reader[T]) repeats(page Page[T]) bool {
	var head uuid.UUID
	if len(page.Rows) > 0 {
		head = r.ID(page.Rows[0])
	}
	r.same++
	if len(page.Rows) < 3 || head != r.head || page.Total != r.total {
		r.same = 0
	}
	if len(page.Rows) > 0 {
		r.head = head
	}
	r.total = page.Total
	r.idle++
	return r.same > 1 || r.idle > maxIdle
}

// find returns the index of the first row that follows the place.
func (r *reader[T]) find(rows []T) (int, error) {
	isInOrder := r.Order != 0 && slices.IsSortedFunc(rows, func(a, b T) int {
		return compare(r.ID(a), r.ID(b)) * r.Order
	})
	switch {
	case r.passed == 0:
		if !isInOrder {
			r.seen = map[uuid.UUID]bool{}
		}
		return 0, nil
	case r.seen != nil:
		return r.findLast(rows)
	case !isInOrder:
		return 0, r.unreadable("its rows are not in the requested order")
	}
	fresh := 0
	for fresh < len(rows) && compare(r.ID(rows[fresh]), r.last) != r.Order {
		fresh++
	}
	return fresh, nil
}

// findLast returns the index after the row that was passed on last, in a list in no
// order.
func (r *reader[T]) findLast(rows []T) (int, error) {
	after := slices.IndexFunc(rows, func(row T) bool { return r.ID(row) == r.last }) + 1
	isNew := func(row T) bool { return !r.seen[r.ID(row)] }
	if after == 0 || slices.ContainsFunc(rows[:after], isNew) {
		return 0, r.unreadable("it is in no order, and the row that was read last is not where it was")
	}
	return after, nil
}

// pass records a row that is passed on.
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
