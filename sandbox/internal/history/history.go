// Package history keeps the last of what happened, in bounded memory.
package history

import "sync"

// Log is a ring: once it is full, the oldest entry makes room for the newest. It is safe for concurrent use.
type Log[T any] struct {
	mu      sync.Mutex
	limit   int
	entries []T
	oldest  int
}

// New returns a log of at most limit entries.
func New[T any](limit int) *Log[T] { return &Log[T]{limit: limit} }

// Add remembers an entry.
func (l *Log[T]) Add(entry T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) < l.limit {
		l.entries = append(l.entries, entry)
		return
	}
	l.entries[l.oldest] = entry
	l.oldest = (l.oldest + 1) % l.limit
}

// All returns what is remembered, the oldest first.
func (l *Log[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]T, 0, len(l.entries))
	return append(append(all, l.entries[l.oldest:]...), l.entries[:l.oldest]...)
}
