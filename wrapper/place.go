package wrapper

import (
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"
)

const (
	// maxSearch bounds the pages that are read to find a lost place.
	maxSearch = 1000
	// maxStalls bounds the pages in a row that bring nothing new.
	maxStalls = 10
)

// place is where a reader stands in a list whose offsets shift under it.
type place[T any] struct {
	size   int32
	id     func(T) uuid.UUID
	recent []uuid.UUID // the last rows passed on, oldest first
	passed int
	stalls int
	// A list that comes round again would be read for ever: its first row tells, and so does every row whose number is a power of two,
	// as in Brent's algorithm.
	first, marked uuid.UUID
}

// pass takes note of a row that is passed on.
func (p *place[T]) pass(row T) error {
	id := p.id(row)
	if p.passed > 0 && (id == p.first || id == p.marked) {
		return fmt.Errorf("%w: the server repeats its rows", ErrListUnreadable)
	}
	if p.passed == 0 {
		p.first = id
	}
	if p.passed++; p.passed&(p.passed-1) == 0 {
		p.marked = id
	}
	if p.recent = append(p.recent, id); len(p.recent) > 2*int(p.size) {
		p.recent = slices.Clone(p.recent[len(p.recent)-int(p.size):])
	}
	return nil
}

// find reads the page at an offset, whose first row should be the last one passed on. If rows came or went it looks around for that
// row, nearest pages first.
func (p *place[T]) find(offset int32, pages *readAhead[T]) (page[T], error) {
	found, err := pages.read(offset)
	if err != nil || p.joins(&found) {
		return found, err
	}
	backward, forward, more := offset, offset, len(found.rows) > 0
	for searched := 0; (backward > 0 || more) && searched < maxSearch; searched++ {
		if backward > 0 {
			backward = max(0, backward-(p.size-1))
			if found, err = pages.readAlone(backward); err != nil || p.joins(&found) {
				return found, err
			}
		}
		if more = more && forward <= math.MaxInt32-2*p.size; more {
			forward += p.size - 1
			if found, err = pages.readAlone(forward); err != nil || p.joins(&found) {
				return found, err
			}
			more = len(found.rows) > 0
		}
	}
	return found, fmt.Errorf("%w: the rows that were read last are no longer found", ErrListUnreadable)
}

// joins looks in a page for the last row passed on, or for the latest before it that is still there, and marks what follows as fresh.
func (p *place[T]) joins(found *page[T]) bool {
	if p.passed == 0 {
		return true
	}
	if len(found.rows) > 0 && p.id(found.rows[0]) == p.recent[len(p.recent)-1] {
		found.fresh = 1
		return true
	}
	for i, row := range slices.Backward(found.rows) {
		if slices.Contains(p.recent, p.id(row)) {
			found.fresh = i + 1
			return true
		}
	}
	return false
}

// isEnd reports whether nothing comes after a page. A page shorter than asked for is the last one only if the server says that it
// took the limit as asked; otherwise it is the page that has nothing but the overlapping row.
func (p *place[T]) isEnd(found page[T]) (bool, error) {
	rows := len(found.rows)
	if rows < int(p.size) && found.limit == int(p.size) || found.fresh == rows && rows <= 1 {
		return true, nil
	}
	if p.stalls++; found.fresh < rows {
		p.stalls = 0
	}
	if p.stalls > maxStalls {
		return false, fmt.Errorf("%w: the server keeps sending the same rows", ErrListUnreadable)
	}
	return false, nil
}
