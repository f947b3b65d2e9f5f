package wrapper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// defaultLimit is the documented number of rows of a page for which no other is asked.
const defaultLimit int32 = 100

// ErrListUnreadable is the error of a list that cannot be read to its end with every row exactly once: the server repeats rows, ignores
// the offset, or changes the list faster than it can be read.
var ErrListUnreadable = errors.New("the list cannot be read completely")

// AllOption adjusts the reading of a whole list: [WithRetry] and [WithTimeout], which apply to each page, and [WithPagesAhead].
//
// A list is read in pages of params.Limit rows (100 if it is nil, at least 2), each overlapping the one before by a row. Where the two do
// not join, because rows came or went in between, the reader looks for the place where it was. So every row that is in the list from
// beginning to end comes exactly once, whatever happens to the others, and memory does not grow with the list. An error comes once and
// ends the list; [ErrListUnreadable] says that this guarantee could not be kept. Breaking off is always fine.
type AllOption interface{ applyToAll(*allSettings) error }

type allSettings struct {
	calls []CallOption
	ahead int
}

type allOption func(*allSettings) error

func (o allOption) applyToAll(s *allSettings) error { return o(s) }

func (o option) applyToAll(s *allSettings) error {
	s.calls = append(s.calls, o)
	return nil
}

// WithPagesAhead requests up to that many further pages, at most 16, while one is being handled. Order and guarantee stay the same.
func WithPagesAhead(pages int) AllOption {
	return allOption(func(s *allSettings) error {
		s.ahead = pages
		return orError(pages >= 0 && pages <= 16, "pages ahead: use 0 to 16")
	})
}

type fetchPage[T any] func(ctx context.Context, offset, limit int32, options []CallOption) ([]T, portfolios.Meta, error)

func all[T any](
	ctx context.Context, offset, limit *int32, options []AllOption, fetch fetchPage[T], id func(T) uuid.UUID,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := readAll(ctx, offset, limit, options, fetch, id, func(row T) bool { return yield(row, nil) }); err != nil {
			yield(*new(T), err)
		}
	}
}

func readAll[T any](
	ctx context.Context, offset, limit *int32, options []AllOption, fetch fetchPage[T], id func(T) uuid.UUID, emit func(T) bool,
) error {
	if ctx == nil {
		return errNoContext
	}
	var settings allSettings
	for _, option := range options {
		if option == nil {
			return errors.New("read a list: an option is nil")
		}
		if err := option.applyToAll(&settings); err != nil {
			return fmt.Errorf("read a list: %w", err)
		}
	}
	position, size := *orDefault(offset, 0), *orDefault(limit, defaultLimit)
	if position < 0 || size < 1 {
		return errors.New("read a list: use an offset of at least 0 and a limit of at least 1")
	}
	size = max(size, 2) // one row of each page is the one that overlaps
	pages := newReadAhead(ctx, settings, size, fetch)
	defer pages.close()
	place := place[T]{size: size, id: id}
	for {
		page, err := place.find(position, pages)
		if err != nil {
			return err
		}
		for _, row := range page.rows[page.fresh:] {
			if err := place.pass(row); err != nil {
				return err
			}
			if !emit(row) {
				return nil
			}
		}
		if end, err := place.isEnd(page, pages); end || err != nil {
			return err
		}
		if page.offset > math.MaxInt32-2*size {
			return errTooLong()
		}
		position = page.offset + int32(len(page.rows)) - 1 // bounded by the size of a body
	}
}

// page is a page as read, and what of it is new.
type page[T any] struct {
	rows   []T
	meta   portfolios.Meta
	offset int32
	fresh  int // index of the first row that comes after all that were passed on
}

// isShort reports whether the list ends with this page: it has fewer rows than were asked for, and the server says neither that it took
// a smaller limit nor that there are more.
func (p page[T]) isShort(size int32) bool {
	return len(p.rows) < int(size) && p.meta.Limit == int(size) && !p.hasMore()
}

// hasMore reports whether the list goes on after this page, by what the server says.
func (p page[T]) hasMore() bool { return p.meta.TotalCount > int(p.offset)+len(p.rows) }
