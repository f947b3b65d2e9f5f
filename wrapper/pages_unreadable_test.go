package wrapper_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// All ends with an error if the pages of a server repeat endlessly.
func TestAllEndsOnPagesThatRepeat(t *testing.T) {
	list := ids(50)
	for name, view := range map[string]viewFunc{
		"the offset is ignored": func(_, limit int) []uuid.UUID { return list[:limit] },
		"the list starts over": func(offset, limit int) []uuid.UUID {
			return rowsBy(offset, limit, func(i int) uuid.UUID { return list[i%len(list)] })
		},
		"the second page repeats": func(offset, limit int) []uuid.UUID {
			return list[min(offset, limit-1):][:limit]
		},
		"the last pages repeat": func(offset, limit int) []uuid.UUID {
			if offset > 30 {
				offset = 20 + (offset-30)%10
			}
			return list[offset : offset+limit]
		},
		"the second half repeats": func(offset, limit int) []uuid.UUID {
			return rowsBy(offset, limit, func(i int) uuid.UUID {
				if i < 25 {
					return list[i]
				}
				return list[25+(i-25)%25]
			})
		},
		"every row is the same": func(_, limit int) []uuid.UUID { return slices.Repeat(list[:1], limit) },
		"two rows alternate": func(offset, limit int) []uuid.UUID {
			return slices.Repeat(list[offset%2:offset%2+1], limit)
		},
		"the rows are random": func(offset, limit int) []uuid.UUID {
			random := rand.New(rand.NewPCG(1, uint64(offset)))
			return rowsBy(offset, limit, func(int) uuid.UUID { return list[random.IntN(len(list))] })
		},
	} {
		for _, ahead := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s, %d pages ahead", name, ahead), func(t *testing.T) {
				server := &listServer{view: view, meta: noMeta}
				client := newTestClient(t, server.serve)
				rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(ahead))
				if !errors.Is(err, upvest.ErrListUnreadable) {
					t.Errorf("got the error %v, want ErrListUnreadable", err)
				}
				if len(rows) > 500 {
					t.Errorf("got %d rows before the error, want at most 500", len(rows))
				}
			})
		}
	}
}

// rowsBy returns a page of a list whose row at index i is row(i).
func rowsBy(offset, limit int, row func(i int) uuid.UUID) []uuid.UUID {
	var rows []uuid.UUID
	for i := offset; i < offset+limit; i++ {
		rows = append(rows, row(i))
	}
	return rows
}

// All detects within three requests that a server ignores the offset.
func TestAllDetectsAnIgnoredOffset(t *testing.T) {
	for _, meta := range []metaFunc{noMeta, fixedMeta(`{"limit": 10, "total_count": 500}`)} {
		server := &listServer{
			view: func(_, limit int) []uuid.UUID { return ids(limit) },
			meta: meta,
		}
		rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 10))
		if !errors.Is(err, upvest.ErrListUnreadable) || len(rows) != 10 || len(server.requests) > 3 {
			t.Errorf("got %d rows and the error %v after %d requests, "+
				"want 10 rows and ErrListUnreadable after at most 3 requests",
				len(rows), err, len(server.requests))
		}
	}
}

// All returns ErrListUnreadable if two successive rows of a list are the same.
func TestAllDetectsARepeatedRow(t *testing.T) {
	all := ids(5)
	for name, rows := range map[string][]uuid.UUID{
		"at the beginning of a page": slices.Concat(all[:1], all),
		"in the middle of a page":    slices.Concat(all[:2], all[1:]),
		"at the end of a page":       slices.Concat(all[:3], all[2:]),
	} {
		t.Run(name, func(t *testing.T) {
			server := &listServer{rows: rows}
			got, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 4))
			if !errors.Is(err, upvest.ErrListUnreadable) {
				t.Errorf("got the rows %v and the error %v, want ErrListUnreadable", got, err)
			}
			if unique := slices.Compact(slices.Clone(got)); len(unique) != len(got) {
				t.Errorf("got the rows %v, want each row at most once", got)
			}
		})
	}
}

// If the rows of a list are not sorted by ID, All reads them as long as each further page
// contains the row that All returned last, and before it only rows that All returned
// earlier. Otherwise, it returns ErrListUnreadable.
func TestAllReadsAnUnorderedListOrReturnsAnError(t *testing.T) {
	all := ids(350)
	random := rand.New(rand.NewPCG(1, 1))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for name, test := range map[string]struct {
		then       []uuid.UUID // the list from the second request on
		want       []uuid.UUID
		unreadable bool
	}{
		"no row moves": {then: all, want: all},
		"a row that was read disappears": {
			then:       slices.Delete(slices.Clone(all), 20, 21),
			want:       all[:50],
			unreadable: true,
		},
		"the last row moves to the front": {
			then:       slices.Concat(all[49:50], all[:49], all[50:]),
			want:       all[:50],
			unreadable: true,
		},
		// Without the error, All would skip the row that moves, although the row is in
		// the list all the time.
		"a later row moves before the last row read": {
			then:       slices.Concat(all[:49], all[200:201], all[49:200], all[201:]),
			want:       all[:50],
			unreadable: true,
		},
		// All may skip the row that moves, because the row did not keep its position.
		"the next row moves to the front": {
			then: slices.Concat(all[50:51], all[:50], all[51:]),
			want: slices.Delete(slices.Clone(all), 50, 51),
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := &listServer{rows: all}
			server.before = func(request int) {
				if request == 2 {
					server.rows = test.then
				}
			}
			rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 50))
			if !slices.Equal(rows, test.want) {
				t.Errorf("got %d rows, want the %d expected rows in order", len(rows), len(test.want))
			}
			if test.unreadable != errors.Is(err, upvest.ErrListUnreadable) || !test.unreadable && err != nil {
				t.Errorf("got the error %v, want ErrListUnreadable: %t", err, test.unreadable)
			}
		})
	}
}

// If only the first pages of a list are sorted by ID, All returns an error instead of
// skipping rows.
func TestAllReturnsAnErrorForAPartlySortedList(t *testing.T) {
	all := ids(500)
	unordered := all[100:]
	random := rand.New(rand.NewPCG(2, 2))
	random.Shuffle(len(unordered), func(i, j int) { unordered[i], unordered[j] = unordered[j], unordered[i] })
	client := newTestClient(t, (&listServer{rows: all}).serve)
	rows, err := collectOrders(t, client, ordersParams(0, 50))
	if !errors.Is(err, upvest.ErrListUnreadable) || !slices.Equal(rows, all[:len(rows)]) {
		t.Errorf("got %d rows and the error %v, want ErrListUnreadable after sorted rows", len(rows), err)
	}
}

// If the next offset would overflow, All returns an error instead of ending silently.
func TestAllDetectsAnOffsetThatOverflows(t *testing.T) {
	for start, wantRows := range map[int32]bool{math.MaxInt32 - 250: true, math.MaxInt32 - 50: false} {
		for _, ahead := range []int{0, 5} {
			server := &listServer{
				view: func(offset, limit int) []uuid.UUID {
					return rowsBy(offset, limit, func(i int) uuid.UUID {
						return uuid.MustParse(fmt.Sprintf("%08x-1111-4111-8111-111111111111", i))
					})
				},
				meta: noMeta,
			}
			client := newTestClient(t, server.serve)
			rows, err := collectOrders(t, client, ordersParams(start, 100), upvest.WithPagesAhead(ahead))
			if !errors.Is(err, upvest.ErrListUnreadable) || (len(rows) > 0) != wantRows ||
				len(server.requests) > 3+ahead {
				t.Errorf("from the offset %d with %d pages ahead: got %d rows and the error %v after "+
					"%d requests, want ErrListUnreadable after a few requests, rows: %t",
					start, ahead, len(rows), err, len(server.requests), wantRows)
			}
		}
	}
}

// All reads the whole list even if one page has a single row, so that the next page does
// not overlap it.
func TestAllContinuesAfterAPageOfOneRow(t *testing.T) {
	calls := 0
	server := &listServer{rows: ids(6)}
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		calls++
		server.capacity = 0
		if calls == 2 {
			server.capacity = 1
		}
		return server.serve(req)
	})
	rows, err := collectOrders(t, client, ordersParams(0, 3))
	if err != nil || !slices.Equal(rows, server.rows) {
		t.Errorf("got %d rows and the error %v, want all 6 rows in order", len(rows), err)
	}
}
