package ledger

import (
	"bytes"
	"encoding/binary"

	"github.com/google/uuid"
	"github.com/tidwall/btree"
)

// index keeps items sorted by id, because lists show them in this order. Insertion,
// search and access by position take about as long with a million items as with a
// thousand.
//
// github.com/tidwall/btree counts the items below each node, so it finds the item at an
// offset without visiting the items before it.
type index[T any] struct {
	tree *btree.BTreeG[entry[T]]
	id   func(*T) *uuid.UUID
}

// entry stores the first half of the item's id next to the pointer, so a search rarely
// reads the item itself, which is in a different place in memory.
type entry[T any] struct {
	half uint64
	item *T // nil sorts before all items with the same half
}

func (e entry[T]) less(other entry[T], id func(*T) *uuid.UUID) bool {
	switch {
	case e.half != other.half:
		return e.half < other.half
	case e.item == nil || other.item == nil:
		return e.item == nil && other.item != nil
	default:
		return bytes.Compare(id(e.item)[:], id(other.item)[:]) < 0
	}
}

func half(id *uuid.UUID) uint64 { return binary.BigEndian.Uint64(id[:8]) }

func newIndex[T any](id func(*T) *uuid.UUID) index[T] {
	less := func(a, b entry[T]) bool { return a.less(b, id) }
	return index[T]{tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true}), id: id}
}

func (x index[T]) entry(item *T) entry[T] { return entry[T]{half: half(x.id(item)), item: item} }

func (x index[T]) len() int { return x.tree.Len() }

func (x index[T]) insert(item *T) { x.tree.Set(x.entry(item)) }

func (x index[T]) remove(item *T) { x.tree.Delete(x.entry(item)) }

// get returns the item with the id, or nil if there is none.
func (x index[T]) get(id uuid.UUID) (found *T) {
	wanted := half(&id)
	x.tree.Ascend(entry[T]{half: wanted}, func(e entry[T]) bool {
		if e.half == wanted && *x.id(e.item) == id {
			found = e.item
		}
		return e.half == wanted && found == nil
	})
	return found
}

// page returns up to limit items, beginning with the item at position offset.
func (x index[T]) page(offset, limit int) []*T {
	first, ok := x.tree.GetAt(offset)
	if !ok || limit == 0 {
		return nil
	}
	items := make([]*T, 0, min(limit, x.len()-offset))
	x.tree.Ascend(first, func(e entry[T]) bool {
		items = append(items, e.item)
		return len(items) < cap(items)
	})
	return items
}

// turn is the number of items that a method handles before it unlocks the ledger for
// other calls.
const turn = 1000

// walk calls visit for each item. The ledger is locked while visit runs, but not between
// turns. If an item is inserted between turns, walk visits this item only if it sorts
// after the items that walk has already visited.
func walk[T any](l *Ledger, x index[T], visit func(*T)) {
	var last entry[T]
	for more := true; more; {
		last, more = x.walkTurn(l, last, visit)
	}
}

// walkTurn visits the next items after the entry last, at most as many as turn allows. It
// returns the entry that it visited last, and reports whether there are more items.
func (x index[T]) walkTurn(l *Ledger, last entry[T], visit func(*T)) (newLast entry[T], more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := turn
	newLast = last
	x.tree.Ascend(last, func(e entry[T]) bool {
		if e.item == last.item {
			return true
		}
		if left == 0 {
			more = true
			return false
		}
		left--
		newLast = e
		visit(e.item)
		return true
	})
	return newLast, more
}
