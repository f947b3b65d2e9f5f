// Package journal records requests and effects, numbers them, and keeps the latest in
// bounded memory.
package journal

import "sync"

// Log is a list of entries. It drops the oldest entries when it exceeds its limit of
// entries or bytes. It is safe for concurrent use.
type Log[T any] struct {
	maxEntries, maxBytes int

	mu sync.Mutex
	// entries are in the order in which they were added. The entries before the index
	// `first` have been dropped.
	entries []entry[T]
	first   int
	bytes   int
	total   uint64
}

type entry[T any] struct {
	value T
	bytes int
}

// NewLog returns an empty log of at most maxEntries entries, whose sizes add up to at
// most maxBytes. It keeps the newest entry even if that entry alone is larger than
// maxBytes.
func NewLog[T any](maxEntries, maxBytes int) *Log[T] {
	return &Log[T]{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Add calls value with the next number, counted from 1, and appends the entry that value
// returns. bytes is the size of the entry.
func (l *Log[T]) Add(bytes int, value func(number uint64) T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.entries = append(l.entries, entry[T]{value: value(l.total), bytes: bytes})
	l.bytes += bytes
	for held := len(l.entries) - l.first; held > 1 && l.isFull(held); held-- {
		l.bytes -= l.entries[l.first].bytes
		l.entries[l.first] = entry[T]{}
		l.first++
	}
	// Dropped entries are removed only when they make up more than half of the slice, so
	// that the average cost of Add stays small.
	if l.first > len(l.entries)/2 {
		l.entries = append(l.entries[:0], l.entries[l.first:]...)
		l.first = 0
	}
}

func (l *Log[T]) isFull(held int) bool { return held > l.maxEntries || l.bytes > l.maxBytes }

// After returns the matching entries whose number is greater than the given number,
// oldest first. It returns at most limit entries; a negative limit means no limit. total
// is the number of entries that were added since the last Clear, and dropped is the
// number of these that the log no longer keeps.
func (l *Log[T]) After(number uint64, limit int, matches func(T) bool) (found []T, total, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped = l.total - uint64(len(l.entries)-l.first)
	skipped := min(max(number, dropped)-dropped, l.total-dropped)
	found = []T{}
	for i := l.first + int(skipped); i < len(l.entries) && len(found) != limit; i++ {
		if matches(l.entries[i].value) {
			found = append(found, l.entries[i].value)
		}
	}
	return found, l.total, dropped
}

// Clear removes all entries. The next entry gets the number 1 again.
func (l *Log[T]) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
	l.first = 0
	l.bytes = 0
	l.total = 0
}
