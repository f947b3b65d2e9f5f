package pager

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"
)

// maxIdle limits the number of consecutive pages without a new row.
const maxIdle = 1000

// reader reads a list whose rows may move to other offsets during the reading. The
// position of the reader is after the last row that it passed on to the caller.
//
// If the first page is in the requested order, the ID of this last row determines the
// position, even if the row was removed, and the list must stay in order. Otherwise the
// reader remembers the IDs of all rows. In this case, each page must contain the row that
// was passed on last, and before that row only rows that were passed on earlier.
type reader[T any] struct {
	List[T]
	start   int32
	end     int32 // the offset after the last page that reached the position
	largest int   // the number of rows of the largest page
	isShort bool  // the page that ends at end had fewer rows than its limit
	isEmpty bool  // the last page was empty, although its total was not reached

	passed int
	first  uuid.UUID
	last   uuid.UUID
	seen   map[uuid.UUID]bool // the IDs of all rows passed on; nil for a list in order
	recent []uuid.UUID        // the IDs of the last rows of a list in order
	missed bool               // a row before the position was never passed on

	pages  int
	total  int  // the total that the last page reported
	varies bool // not all pages reported the same total

	idle int       // consecutive pages without a new row
	head uuid.UUID // the ID of the first row of the last page
	// same counts consecutive pages that had at least three rows, and the same first row
	// and total as the page before.
	same int
}

// step reads the page at an offset and passes on its new rows. It returns the offset to
// read next (-1 at the end of the list), and whether the caller accepts more rows.
func (r *reader[T]) step(
	ctx context.Context, pages *pages[T], offset int32, emit func(T) bool,
) (next int32, more bool, err error) {
	page, isJoined, failure := r.read(ctx, pages, offset)
	switch {
	case failure != nil && len(page.Rows) == 0:
		return 0, false, failure
	case !page.isCountable():
		return 0, false, r.tooLong()
	}
	fresh, next, err := r.place(page)
	if err != nil {
		return 0, false, err
	}
	more, err = r.passAll(ctx, page.Rows[fresh:], emit)
	if err != nil || !more {
		return 0, false, err
	}
	if isBack := next >= 0 && next < page.offset; failure != nil && !isBack {
		return 0, false, failure
	}
	if isJoined && next >= 0 {
		next++
	}
	return next, true, nil
}

// read returns the page at an offset, or joins two pages of one row each into one page.
// If a row cannot be read, it returns the rows before that row together with the error.
func (r *reader[T]) read(
	ctx context.Context, pages *pages[T], offset int32,
) (page Page[T], isJoined bool, err error) {
	page, err = pages.read(ctx, offset)
	r.largest = max(r.largest, len(page.Rows))
	if err != nil || r.largest != 1 || len(page.Rows) != 1 || r.passed == 0 {
		return page, false, err
	}
	return pages.joinPrevious(ctx, page)
}

// place returns the index of the page's first row after the position, and the offset to
// read next (-1 at the end of the list).
//
// The list ends at a page that has fewer rows than its limit and whose end equals the
// total. After a page with only one of these two signs, at least one more page is read.
// An empty page may also be the end, see placeEmpty.
func (r *reader[T]) place(page Page[T]) (fresh int, next int32, err error) {
	hasChanged := r.pages > 0 && page.Total != r.total
	r.varies = r.varies || hasChanged
	r.total = page.Total
	r.pages++
	if len(page.Rows) == 0 && (r.passed == 0 || page.offset == 0 || page.offset == r.end) {
		next, err = r.placeEmpty(page)
		return 0, next, err
	}
	r.isEmpty = false
	if r.repeats(page, hasChanged) {
		return 0, 0, r.unreadable("the server keeps sending the same rows, or ignores the offset")
	}
	fresh, err = r.find(page.Rows)
	if err != nil {
		return 0, 0, err
	}
	if r.passed > 0 && fresh == 0 && page.offset > 0 { // earlier rows were removed
		return len(page.Rows), max(0, page.offset-max(int32(r.largest)-1, 1)), nil
	}
	r.end = page.end()
	r.isShort = len(page.Rows) < cmp.Or(page.Limit, int(r.Limit))
	if fresh < len(page.Rows) {
		r.idle = 0
	}
	// A total that is exceeded is not a sign of the end, because the documented example
	// has 2 rows and a total of 1.
	if r.isShort && page.Total == int(page.end()) {
		return fresh, -1, nil
	}
	return fresh, page.offset + max(int32(len(page.Rows))-1, 1), nil
}

// placeEmpty returns the offset to read after an empty page (-1 at the end of the list).
// If the page contradicts its total, and the page before was not short, the empty page is
// requested again. If it is then still empty, placeEmpty returns an error.
func (r *reader[T]) placeEmpty(page Page[T]) (next int32, err error) {
	switch {
	case page.Total <= int(page.offset) || r.passed > 0 && r.isShort:
		return -1, nil
	case r.isEmpty:
		return 0, r.unreadable("the server returns no rows, although its total_count is not reached")
	}
	r.isEmpty = true
	return page.offset, nil
}

// checkEnd runs at the end of the list. It returns an error if three facts together
// suggest that rows were skipped: a row before the position was never passed on, the
// total never changed, and fewer rows were passed on than the total minus the start
// offset.
func (r *reader[T]) checkEnd() error {
	if r.missed && !r.varies && r.passed < r.total-int(r.start) {
		return r.unreadable("its pages are in different orders, and rows were skipped")
	}
	return nil
}

// repeats reports whether the server keeps returning the same part of the list.
func (r *reader[T]) repeats(page Page[T], hasChanged bool) bool {
	r.same++
	if len(page.Rows) < 3 || r.ID(&page.Rows[0]) != r.head || hasChanged {
		r.same = 0
	}
	if len(page.Rows) > 0 {
		r.head = r.ID(&page.Rows[0])
	}
	r.idle++
	return r.same > 1 || r.idle > maxIdle
}

// find returns the index of the first row after the position.
func (r *reader[T]) find(rows []T) (int, error) {
	isInOrder := r.isInOrder(rows)
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
	for fresh < len(rows) {
		id := r.ID(&rows[fresh])
		if r.compare(id, r.last) > 0 {
			break
		}
		r.missed = r.missed || !r.mayHavePassed(id)
		fresh++
	}
	return fresh, nil
}

// isInOrder reports whether rows are in the requested order. It returns false if no order
// was requested.
func (r *reader[T]) isInOrder(rows []T) bool {
	if r.Order == 0 {
		return false
	}
	for i := 1; i < len(rows); i++ {
		if r.compare(r.ID(&rows[i-1]), r.ID(&rows[i])) > 0 {
			return false
		}
	}
	return true
}

// findLast returns the index after the row that was passed on last, in an unordered list.
func (r *reader[T]) findLast(rows []T) (int, error) {
	for i := range rows {
		id := r.ID(&rows[i])
		if !r.seen[id] {
			break
		}
		if id == r.last {
			return i + 1, nil
		}
	}
	return 0, r.unreadable(
		"its rows have no known order, and the row that was delivered last has moved or is missing")
}

// mayHavePassed reports whether a row before the position may have been passed on. A
// false result is always certain. A true result is certain only for the rows of the last
// one or two pages.
func (r *reader[T]) mayHavePassed(id uuid.UUID) bool {
	if r.compare(id, r.recent[0]) < 0 {
		return r.compare(id, r.first) >= 0
	}
	_, found := slices.BinarySearchFunc(r.recent, id, r.compare)
	return found
}

// passAll passes on rows, and reports whether the caller accepts more rows.
func (r *reader[T]) passAll(ctx context.Context, rows []T, emit func(T) bool) (more bool, err error) {
	for i := range rows {
		more, err := r.pass(ctx, &rows[i], emit)
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// pass passes on a row, and reports whether the caller accepts more rows.
func (r *reader[T]) pass(ctx context.Context, row *T, emit func(T) bool) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	id := r.ID(row)
	if r.seen[id] || r.passed > 0 && id == r.last {
		return false, r.unreadable("the server repeats its rows")
	}
	if r.passed == 0 {
		r.first = id
	}
	r.last = id
	r.passed++
	r.remember(id)
	return emit(*row), nil
}

// remember keeps the ID of every row of an unordered list, and the IDs of the last one to
// two pages of an ordered list.
func (r *reader[T]) remember(id uuid.UUID) {
	if r.seen != nil {
		r.seen[id] = true
		return
	}
	if len(r.recent) >= 2*int(r.Limit) {
		r.recent = append(r.recent[:0], r.recent[r.Limit:]...)
	}
	r.recent = append(r.recent, id)
}

// compare compares IDs in the requested order.
func (r *reader[T]) compare(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) * r.Order }
