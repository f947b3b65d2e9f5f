// Package history keeps the last of what happened, in bounded memory, and numbers it, so that what was dropped can be told.
package history

import "sync"

// Log drops its oldest entries when it holds too many or too much. It is safe for concurrent use.
type Log[T any] struct {
	maxEntries, maxBytes int

	mu sync.Mutex
	// entries are in order; those before first are dropped.
	entries []entry[T]
	first   int
	bytes   int
	total   uint64
}

type entry[T any] struct {
	value T
	bytes int
}

// New returns an empty log of at most so many entries, which together cost at most maxBytes. The newest is always kept.
func New[T any](maxEntries, maxBytes int) *Log[T] {
	return &Log[T]{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Add remembers what value makes of its number, which counts from 1. bytes is what it costs.
func (l *Log[T]) Add(bytes int, value func(number uint64) T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.entries = append(l.entries, entry[T]{value: value(l.total), bytes: bytes})
	l.bytes += bytes
	for held := len(l.entries) - l.first; held > 1 && (held > l.maxEntries || l.bytes > l.maxBytes); held-- {
		l.bytes -= l.entries[l.first].bytes
		l.entries[l.first] = entry[T]{}
		l.first++
	}
	// Now and then, so that it costs little.
	if l.first > len(l.entries)/2 {
		l.entries = append(l.entries[:0], l.entries[l.first:]...)
		l.first = 0
	}
}

// After returns what is remembered of the entries with a higher number, the oldest first, as far as it matches, and how many there are of
// these at most; a limit below 0 is none. total is how many were ever added, dropped how many of them are not remembered.
func (l *Log[T]) After(number uint64, limit int, matches func(T) bool) (found []T, total, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped = l.total - uint64(len(l.entries)-l.first)
	found = []T{}
	for i := l.first + int(min(max(number, dropped)-dropped, l.total-dropped)); i < len(l.entries) && len(found) != limit; i++ {
		if matches(l.entries[i].value) {
			found = append(found, l.entries[i].value)
		}
	}
	return found, l.total, dropped
}

// Clear forgets everything, and counts from 1 again.
func (l *Log[T]) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.first, l.bytes, l.total = nil, 0, 0, 0
}
