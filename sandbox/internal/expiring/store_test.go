package expiring_test

import (
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/expiring"
)

func TestStoreForgetsExpiredValues(t *testing.T) {
	now := time.Unix(0, 0)
	s := expiring.New[string, int](100)
	if !s.Add("a", 1, now, now.Add(time.Minute)) || s.Add("a", 2, now, now.Add(time.Minute)) {
		t.Error("Add refused a new key, or accepted the key again before its value expired")
	}
	if value, ok := s.Get("a", now.Add(time.Minute-1)); value != 1 || !ok {
		t.Errorf("Get returned %d and %t before the value expired, want 1 and true", value, ok)
	}
	if _, ok := s.Get("a", now.Add(time.Minute)); ok {
		t.Error("Get returned an expired value")
	}
	later := now.Add(time.Minute)
	if !s.Add("a", 3, later, later.Add(time.Minute)) || !s.Add("b", 4, later, later.Add(time.Minute)) {
		t.Error("Add refused a key whose value had expired, or a new key")
	}
	if value, _ := s.Get("a", later); value != 3 || s.Len() != 2 {
		t.Errorf("got the value %d for the key that was added again and %d entries in all, want 3 and 2",
			value, s.Len())
	}
	s.Clear()
	if _, ok := s.Get("b", later); ok || s.Len() != 0 {
		t.Error("the store still has a value after Clear")
	}
}

func TestStoreIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	byCount := expiring.New[int, int](10)
	for i := range 1000 {
		byCount.Add(i, i, now, now.Add(time.Hour))
	}
	if byCount.Len() != 10 {
		t.Errorf("the store has %d entries, want 10, the limit of the store", byCount.Len())
	}
	if _, ok := byCount.Get(999, now); !ok {
		t.Error("the store has dropped the newest value")
	}
	if _, ok := byCount.Get(989, now); ok {
		t.Error("the store still has a value that is older than the 10 newest values")
	}
	byTime := expiring.New[int, int](1_000_000)
	for i := range 1000 {
		byTime.Add(i, i, now.Add(time.Duration(i)*time.Second), now.Add(time.Duration(i+10)*time.Second))
	}
	if byTime.Len() != 10 {
		t.Errorf("the store has %d entries, want the 10 that have not expired", byTime.Len())
	}
}
