// Package pager reads lists that are paged by offset, even if rows are added and removed
// in the meantime.
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
	// Limit is the page size that the server applied, or 0 if the server reports no page
	// size.
	Limit int
	// Total is the length of the list as the server reports it, or 0 if the server
	// reports no length.
	Total int

	offset int32
}

// end returns the offset after the page. It does not overflow if the page is countable.
func (p Page[T]) end() int32 { return p.offset + int32(len(p.Rows)) }

// isCountable reports whether the offset after the page fits into an int32.
func (p Page[T]) isCountable() bool { return int64(p.offset)+int64(len(p.Rows)) <= math.MaxInt32 }

// Fetch requests the page at an offset. Before it decodes the response, it calls wait,
// which returns when it is this page's turn to be decoded. If a row cannot be read, Fetch
// returns the rows before that row together with the error.
type Fetch[T any] func(ctx context.Context, offset, limit int32, wait func()) (Page[T], error)

// List describes a list, and how to read it.
type List[T any] struct {
	Fetch Fetch[T]
	ID    func(*T) uuid.UUID
	// Order is the requested order: 1 for ascending IDs, -1 for descending IDs, 0 for any
	// other order.
	Order int
	// Limit is the number of rows to request per page. It is at least 2, because the
	// request for the next page begins at the last row of the previous page.
	Limit int32
	// Ahead is the number of further pages to request while the caller handles one page.
	Ahead int
	// Unreadable is the error that Read returns, with the reason, if it cannot deliver
	// every row of the list exactly once.
	Unreadable error
}

// Read calls emit with each row from the given offset to the end of the list. It stops
// early if emit returns false.
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
			return l.tooLong()
		}
		offset = next
	}
	return r.checkEnd()
}

func (l List[T]) tooLong() error { return l.unreadable("it has more rows than an offset can count") }

func (l List[T]) unreadable(reason string) error { return fmt.Errorf("%w: %s", l.Unreadable, reason) }
