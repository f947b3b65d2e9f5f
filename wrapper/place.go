package wrapper

import (
	"bytes"
	"fmt"
	"math"

	"github.com/google/uuid"
)

const (
	// maxSearch bounds the pages that are read to find a lost place.
	maxSearch = 1000
	// maxStalls bounds the pages in a row that bring nothing new.
	maxStalls = 100
)

// place is where a reader stands in a list whose offsets shift under it: behind the last row that it passed on. That row is looked for by
// its id. While all rows come in the order of their ids, as documented, the order tells the place even when that row has gone.
type place[T any] struct {
	size     int32
	id       func(T) uuid.UUID
	last     uuid.UUID
	passed   int
	order    int // -1 if ids ascend, 1 if they descend, 0 while nothing is known
	unsorted bool
	reach    int32 // rows of the largest page so far: the server may take a smaller limit than asked for
	stalls   int
	// A list that comes round again would be read for ever: its first row tells, and so does every row whose number is a power of two,
	// as in Brent's algorithm.
	first, marked uuid.UUID
}

// direction says where the place is, seen from a page.
type direction int

const (
	here direction = iota
	backward
	forward
	nowhere // in this page, and it does not tell which way to go
)

// pass takes note of a row that is passed on.
func (p *place[T]) pass(row T) error {
	id := p.id(row)
	if p.passed > 0 && (id == p.first || id == p.marked) {
		return fmt.Errorf("%w: the server repeats its rows", ErrListUnreadable)
	}
	if p.passed == 0 {
		p.first = id
	} else {
		p.learnOrder(p.last, id)
	}
	if p.passed++; p.passed&(p.passed-1) == 0 {
		p.marked = id
	}
	p.last = id
	return nil
}

// locate says where the place is. If it is in the page, what comes after it is marked as fresh.
func (p *place[T]) locate(found *page[T]) direction {
	p.reach = max(p.reach, int32(len(found.rows))) // bounded by the size of a body
	if p.passed == 0 {
		return here
	}
	for i, row := range found.rows {
		if p.id(row) == p.last {
			found.fresh = i + 1
			return here
		}
		if i > 0 {
			p.learnOrder(p.id(found.rows[i-1]), p.id(row))
		}
	}
	switch rows := found.rows; {
	case len(rows) == 0:
		return backward
	case p.unsorted || p.order == 0:
		return nowhere
	case p.isBefore(p.id(rows[len(rows)-1]), p.last):
		found.fresh = len(rows)
		if found.isShort(p.size) || len(rows) == 1 && !found.hasMore() {
			return here // the row passed on last has gone, and so has everything behind it
		}
		return forward
	case p.isBefore(p.last, p.id(rows[0])) && found.offset > 0:
		return backward
	default:
		for found.fresh < len(rows) && p.isBefore(p.id(rows[found.fresh]), p.last) {
			found.fresh++
		}
		return here
	}
}

// learnOrder takes in two rows that come one after the other.
func (p *place[T]) learnOrder(former, latter uuid.UUID) {
	order := bytes.Compare(former[:], latter[:])
	p.unsorted = p.unsorted || order == 0 || p.order != 0 && p.order != order
	p.order = order
}

func (p *place[T]) isBefore(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) == p.order }

// step is how far pages may be apart to overlap by a row.
func (p *place[T]) step() int32 { return max(p.reach-1, 1) }

// find reads the page at an offset, where the place should be, and if rows came or went the pages around it.
func (p *place[T]) find(offset int32, pages *readAhead[T]) (page[T], error) {
	found, err := pages.read(offset)
	for range maxSearch {
		if err != nil {
			return found, err
		}
		way := p.locate(&found)
		switch {
		case way == here:
			return found, nil
		case way == nowhere:
			return p.searchAround(offset, pages)
		case way == backward && found.offset == 0:
			return found, nil // the list is empty now
		case way == backward:
			offset = max(0, found.offset-p.step())
		case found.offset > math.MaxInt32-2*p.size:
			return found, errTooLong()
		default:
			offset = found.offset + max(int32(len(found.rows))-1, 1) // bounded by the size of a body
		}
		found, err = pages.readAlone(offset)
	}
	return found, errPlaceLost()
}

// searchAround looks for the last row in a list that is in no known order, nearest pages first.
func (p *place[T]) searchAround(offset int32, pages *readAhead[T]) (page[T], error) {
	before, after, more := offset, offset, true
	for searched := 0; (before > 0 || more) && searched < maxSearch; searched++ {
		if before > 0 {
			before = max(0, before-p.step())
			if found, err := pages.readAlone(before); err != nil || p.locate(&found) == here {
				return found, err
			}
		}
		if more = more && after <= math.MaxInt32-2*p.size; more {
			after += p.step()
			found, err := pages.readAlone(after)
			if err != nil || p.locate(&found) == here {
				return found, err
			}
			more = len(found.rows) > 0
		}
	}
	return page[T]{}, errPlaceLost()
}

// isEnd reports whether nothing comes after a page.
func (p *place[T]) isEnd(found page[T], pages *readAhead[T]) (bool, error) {
	rows := len(found.rows)
	alone := rows == 1 && found.fresh == 1
	if rows == 0 || found.isShort(p.size) || alone && !found.hasMore() {
		return true, nil
	}
	if p.stalls++; found.fresh < rows {
		p.stalls = 0
	}
	if alone {
		// Either the total is wrong, or the server gives one row at a time, and then no page can overlap another.
		beyond, err := pages.readAlone(found.offset + 1)
		if err != nil || len(beyond.rows) == 0 {
			return true, err
		}
		p.stalls += maxStalls / 10
	}
	if p.stalls > maxStalls {
		return false, fmt.Errorf("%w: the server keeps sending the same rows", ErrListUnreadable)
	}
	return false, nil
}

func errPlaceLost() error {
	return fmt.Errorf("%w: the row that was read last is no longer found", ErrListUnreadable)
}

func errTooLong() error {
	return fmt.Errorf("%w: it has more rows than an offset can count", ErrListUnreadable)
}
