package pace

import (
	"context"
	"slices"
	"sync"
)

// turns lets one caller proceed at a time: the most urgent first, and callers with the
// same priority in the order in which they arrived.
type turns struct {
	mu      sync.Mutex
	isTaken bool
	waiting []*waiter // the next caller first
}

type waiter struct {
	priority int
	ready    chan struct{}
}

// take waits for the caller's turn. [turns.pass] ends the turn.
func (t *turns) take(ctx context.Context, priority int) error {
	t.mu.Lock()
	if !t.isTaken {
		t.isTaken = true
		t.mu.Unlock()
		return nil
	}
	w := &waiter{priority: priority, ready: make(chan struct{})}
	place := slices.IndexFunc(t.waiting, func(other *waiter) bool { return other.priority > priority })
	if place < 0 {
		place = len(t.waiting)
	}
	t.waiting = slices.Insert(t.waiting, place, w)
	t.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	if !t.leave(w) { // the turn came as the context ended: pass it to the next caller
		t.pass()
	}
	return ctx.Err()
}

// leave removes a waiter from the queue, and reports whether the waiter was still in it.
func (t *turns) leave(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	place := slices.Index(t.waiting, w)
	if place < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, place, place+1)
	return true
}

// pass gives the turn to the next caller.
func (t *turns) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.isTaken = false
		return
	}
	close(t.waiting[0].ready)
	t.waiting = slices.Delete(t.waiting, 0, 1)
}
