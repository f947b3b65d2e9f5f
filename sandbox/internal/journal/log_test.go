package journal_test

import (
	"slices"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

func TestLogDropsItsOldestEntries(t *testing.T) {
	var all []uint64
	for number := range uint64(20) {
		all = append(all, number+1)
	}
	for name, test := range map[string]struct {
		entries, bytes int
		want           []uint64
	}{
		"more entries than the limit":          {entries: 3, bytes: 1000, want: all[17:]},
		"more bytes than the limit":            {entries: 100, bytes: 25, want: all[18:]},
		"one entry larger than the byte limit": {entries: 100, bytes: 5, want: all[19:]},
		"exactly as many entries as the limit": {entries: 20, bytes: 200, want: all},
	} {
		t.Run(name, func(t *testing.T) {
			log := journal.NewLog[uint64](test.entries, test.bytes)
			for range 20 {
				log.Add(10, func(number uint64) uint64 { return number })
			}
			every := func(uint64) bool { return true }
			found, total, dropped := log.After(0, -1, every)
			if !slices.Equal(found, test.want) || total != 20 || dropped != 20-uint64(len(test.want)) {
				t.Errorf("got the entries %v, the total %d and %d dropped entries, want %v, 20 and %d",
					found, total, dropped, test.want, 20-len(test.want))
			}
			for after, want := range map[uint64][]uint64{19: {20}, 20: {}, 99: {}} {
				if found, _, _ := log.After(after, -1, every); !slices.Equal(found, want) {
					t.Errorf("the entries after number %d are %v, want %v", after, found, want)
				}
			}
			found, _, _ = log.After(0, 1, func(n uint64) bool { return n%20 == 0 })
			if !slices.Equal(found, []uint64{20}) {
				t.Errorf("After returned the entries %v, want only 20, the only entry that matches", found)
			}
		})
	}
}
