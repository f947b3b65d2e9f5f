package pace

import (
	"container/heap"
	"context"
	"sync"
)

// turns let one caller after the other proceed, the most urgent first and among equals in
// the order in which they came.
type turns struct {
	mu      sync.Mutex
	isTaken bool
	waiting waiting
	count   uint64
}

type waiter struct {
	priority int
	number   uint64
	ready    chan struct{}
	index    int
}

// take waits for the caller's turn, which [turns.pass] ends.
func (t *turns) take(ctx context.Context, priority int) error {
	t.mu.Lock()
	if !t.isTaken {
		t.isTaken = true
		t.mu.Unlock()
		return nil
	}
	t.count++
	w := &waiter{priority: priority, number: t.count, ready: make(chan struct{})}
	heap.Push(&t.waiting, w)
	t.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	isLeft := w.index < 0
	if !isLeft {
		heap.Remove(&t.waiting, w.index)
	}
	t.mu.Unlock()
	if isLeft { // the turn came at the same time
		t.pass()
	}
	return ctx.Err()
}

// pass gives the turn to the next caller.
func (t *turns) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.isTaken = false
		return
	}
	next, isWaiter := heap.Pop(&t.waiting).(*waiter)
	if isWaiter {
		close(next.ready)
	}
}

// waiting is a heap.
type waiting []*waiter

// Len is part of heap.Interface.
func (w waiting) Len() int { return len(w) }

// Less is part of heap.Interface.
func (w waiting) Less(i, j int) bool {
	if w[i].priority != w[j].priority {
		return w[i].priority < w[j].priority
	}
	return w[i].number < w[j].number
}

// Swap is part of heap.Interface.
func (w waiting) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index = i
	w[j].index = j
}

// Push is part of heap.Interface.
func (w *waiting) Push(x any) {
	added, isWaiter := x.(*waiter)
	if !isWaiter {
		return
	}
	added.index = len(*w)
	*w = append(*w, added)
}

// Pop is part of heap.Interface.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	popped := (*w)[last]
	(*w)[last] = nil
	popped.index = -1
	*w = (*w)[:last]
	return popped
}
