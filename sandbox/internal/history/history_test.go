package history_test

import (
	"slices"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/history"
)

func TestLogDropsItsOldest(t *testing.T) {
	for name, test := range map[string]struct {
		entries, bytes int
		want           []uint64
	}{
		"too many":                      {3, 1000, []uint64{18, 19, 20}},
		"too much":                      {100, 25, []uint64{19, 20}},
		"the newest is larger than all": {100, 5, []uint64{20}},
		"room for all":                  {20, 200, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}},
	} {
		log := history.New[uint64](test.entries, test.bytes)
		for range 20 {
			log.Add(10, func(number uint64) uint64 { return number })
		}
		all := func(uint64) bool { return true }
		found, total, dropped := log.After(0, -1, all)
		if !slices.Equal(found, test.want) || total != 20 || dropped != 20-uint64(len(test.want)) {
			t.Errorf("%s: %v, %d in all, %d dropped, want %v", name, found, total, dropped, test.want)
		}
		for after, want := range map[uint64][]uint64{19: {20}, 20: {}, 99: {}} {
			if found, _, _ := log.After(after, -1, all); !slices.Equal(found, want) {
				t.Errorf("%s: after %d: %v", name, after, found)
			}
		}
		if found, _, _ := log.After(0, 1, func(n uint64) bool { return n%20 == 0 }); !slices.Equal(found, []uint64{20}) {
			t.Errorf("%s: one that matches: %v", name, found)
		}
	}
}
