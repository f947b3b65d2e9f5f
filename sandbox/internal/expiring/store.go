// Package expiring stores values until they expire, in bounded memory.
package expiring

import (
	"sync"
	"time"
)

// Store maps keys to values that expire. When it is full, it drops the value that was
// added first, whether or not this value has expired. The store starts no goroutine.
// Instead, each Add removes expired values. Create one with [New].
type Store[K comparable, V any] struct {
	mu      sync.Mutex
	limit   int
	entries map[K]entry[V]
	// queue lists the keys in the order in which they were added. All values of a store
	// live for about the same time, so removing expired values from the front keeps the
	// queue short.
	queue  []queued[K]
	serial uint64
}

type entry[V any] struct {
	value   V
	expires time.Time
	serial  uint64
}

type queued[K comparable] struct {
	key    K
	serial uint64
}

// New returns an empty store of at most limit entries.
func New[K comparable, V any](limit int) *Store[K, V] {
	return &Store[K, V]{limit: limit, entries: map[K]entry[V]{}}
}

// Get returns the value of a key and true. If the key has no value, or its value has
// expired, Get returns false.
func (s *Store[K, V]) Get(key K, now time.Time) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.live(key, now)
	return found.value, ok
}

// Add stores a value until it expires, and returns true. If the key already has a value
// that has not expired, Add stores nothing and returns false.
func (s *Store[K, V]) Add(key K, value V, now, expires time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.live(key, now); ok {
		return false
	}
	s.put(key, value, now, expires)
	return true
}

// Clear removes all entries.
func (s *Store[K, V]) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = map[K]entry[V]{}
	s.queue = nil
}

// Len returns how many entries the store holds, including expired entries that no Add has
// removed yet.
func (s *Store[K, V]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

func (s *Store[K, V]) live(key K, now time.Time) (entry[V], bool) {
	found, ok := s.entries[key]
	if !ok || !now.Before(found.expires) {
		return entry[V]{}, false
	}
	return found, true
}

func (s *Store[K, V]) put(key K, value V, now, expires time.Time) {
	s.serial++
	s.entries[key] = entry[V]{value: value, expires: expires, serial: s.serial}
	s.queue = append(s.queue, queued[K]{key: key, serial: s.serial})
	for len(s.queue) > 0 {
		first := s.queue[0]
		held, ok := s.entries[first.key]
		switch {
		case !ok || held.serial != first.serial:
			// The key has a newer value, whose entry is further back in the queue.
		case len(s.entries) > s.limit || !now.Before(held.expires):
			delete(s.entries, first.key)
		default:
			return
		}
		s.queue = s.queue[1:]
	}
}
