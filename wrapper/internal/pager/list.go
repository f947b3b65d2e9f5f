// Package pager reads lists that are paged by offset while rows are added and removed.
package pager

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
)

// Page is a page as the server returned it.
type Page[T any] struct {
	Rows []T
	// Limit is the page size that the server applied, 0 if it reports none.
	Limit int
	// Total is the length of the list as the server reports it, 0 if it reports none.
	Total int

	offset int32
}

// end returns the offset after the page. It cannot overflow, because the size of a body
// is limited.
func (p Page[T]) end() int32 { return p.offset + int32(len(p.Rows)) }

// Fetch requests the page at an offset. Before it decodes the response, it calls wait,
// which returns when it is this page's turn. If a row cannot be read, it returns the rows
// before it together with the error.
type Fetch[T any] func(ctx context.Context, offset, limit int32, wait func()) (Page[T], error)

// List is a list to be read.
type List[T any] struct {
	Fetch Fetch[T]
	ID    func(*T) uuid.UUID
	// Order is the requested order: 1 for ascending IDs, -1 for descending IDs, 0 for any
	// other.
	Order int
	// Limit is the number of rows of a page to request, at least 2: the first row of each
	// page is the last row of the page before.
	Limit int32
	// Ahead is the number of pages to request while the caller handles one.
	Ahead int
	// Unreadable is the error, extended by the reason, of a list that cannot be read to
	// its end with every row exactly once.
	Unreadable error
}

// Read passes every row from an offset on to emit, until emit returns false.
func (l List[T]) Read(ctx context.Context, offset int32, emit func(T) bool) error {
	r := reader[T]{List: l, start: offset, end: -1}
	pages := pages[T]{List: l}
	defer pages.close()
	for offset >= 0 {
		next, more, err := r.step(ctx, &pages, offset, emit)
		if err != nil || !more {
			return err
		}
		if next > math.MaxInt32-2*l.Limit {
			return l.unreadable("it has more rows than an offset can count")
		}
		offset = next
	}
	return r.checkEnd()
}

func (l List[T]) unreadable(reason string) error { return fmt.Errorf("%w: %s", l.Unreadable, reason) }
