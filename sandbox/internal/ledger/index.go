package ledger

import (
	"bytes"
	"encoding/binary"

	"github.com/google/uuid"
	"github.com/tidwall/btree"
)

// index keeps items in the order of their ids, which is the order of lists. Insertion, search and access by position take about as long
// among a million items as among a thousand.
//
// github.com/tidwall/btree, because it counts what is below each node: an offset costs no walk.
type index[T any] struct {
	tree *btree.BTreeG[entry[T]]
	id   func(*T) *uuid.UUID
}

// entry has the first half of its item's id beside it, so that a search seldom has to read an item, which is far away in memory.
type entry[T any] struct {
	half uint64
	item *T // nil comes before all items with the half
}

func half(id *uuid.UUID) uint64 { return binary.BigEndian.Uint64(id[:8]) }

func newIndex[T any](id func(*T) *uuid.UUID) index[T] {
	less := func(a, b entry[T]) bool {
		if a.half != b.half || a.item == nil || b.item == nil {
			return a.half < b.half || a.half == b.half && a.item == nil && b.item != nil
		}
		first, second := id(a.item), id(b.item)
		return bytes.Compare(first[:], second[:]) < 0
	}
	return index[T]{tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true}), id: id}
}

func (x index[T]) len() int { return x.tree.Len() }

func (x index[T]) insert(item *T) { x.tree.Set(entry[T]{half(x.id(item)), item}) }

func (x index[T]) remove(item *T) { x.tree.Delete(entry[T]{half(x.id(item)), item}) }

// get returns the item with the id, nil if there is none.
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

// page returns up to limit items from the position offset on.
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

// turn is how many items are worked on before others get the ledger.
const turn = 1000

// walk calls visit for all items. The ledger is locked for each call, but not throughout: what others insert meanwhile is visited if it
// comes later in the order.
func walk[T any](l *Ledger, x index[T], visit func(*T)) {
	var last entry[T]
	for more := true; more; {
		left := turn
		l.mu.Lock()
		more = false
		x.tree.Ascend(last, func(e entry[T]) bool {
			if e.item == last.item {
				return true
			}
			if more = left == 0; more {
				return false
			}
			left, last = left-1, e
			visit(e.item)
			return true
		})
		l.mu.Unlock()
	}
}
