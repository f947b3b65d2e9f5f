package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// If an empty page contradicts total_count, All requests one more page.
func TestAllRequestsOneMorePageAfterAnUnexpectedEmptyPage(t *testing.T) {
	all := ids(25)
	for name, test := range map[string]struct {
		// whether the response to the request with this number has no rows
		empty      func(request int) bool
		want       int
		unreadable bool
	}{
		"the first page is empty once":  {empty: func(n int) bool { return n == 1 }, want: 25},
		"every page is empty":           {empty: func(int) bool { return true }, unreadable: true},
		"the second page is empty once": {empty: func(n int) bool { return n == 2 }, want: 25},
		"all pages after the first are empty": {
			empty:      func(n int) bool { return n > 1 },
			want:       10,
			unreadable: true,
		},
		"the page after a short page is empty": {empty: func(n int) bool { return n > 3 }, want: 25},
	} {
		t.Run(name, func(t *testing.T) {
			server := &listServer{rows: all}
			server.view = func(offset, limit int) []uuid.UUID {
				if test.empty(len(server.requests)) {
					return nil
				}
				return all[min(offset, 25):min(offset+limit, 25)]
			}
			rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 10))
			if len(rows) != test.want || errors.Is(err, upvest.ErrListUnreadable) != test.unreadable ||
				!test.unreadable && err != nil {
				t.Errorf("got %d rows and the error %v, want %d rows and ErrListUnreadable: %t",
					len(rows), err, test.want, test.unreadable)
			}
			if len(server.requests) > 5 {
				t.Errorf("got %d requests, want at most 5", len(server.requests))
			}
		})
	}
}

// If total_count is absent or malformed, an empty page is the end of the list.
func TestAllEndsOnAnEmptyPageWithoutATotal(t *testing.T) {
	for _, meta := range []string{`{}`, `{"limit": 10}`, `{"total_count": "230"}`, `{"total_count": null}`} {
		server := &listServer{meta: fixedMeta(meta)}
		rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 10))
		if err != nil || len(rows) != 0 || len(server.requests) != 1 {
			t.Errorf("meta %s: got %d rows and the error %v after %d requests, "+
				"want no rows and no error after one request", meta, len(rows), err, len(server.requests))
		}
	}
}

// All detects a server that does not sort its pages by ID: the first page has the highest
// IDs, and the second page has the lowest, so All would skip most rows. Rows that are
// added before the position of the reader do not count as skipped.
func TestAllDetectsSkippedRows(t *testing.T) {
	const total = 350
	const lower = 250
	all := ids(total)
	view := func(offset, limit int) []uuid.UUID {
		if offset == 0 {
			return all[lower:]
		}
		offset -= total - lower - 1 // the second page overlaps the first by one row
		return all[min(offset, lower):min(offset+limit, lower)]
	}
	for _, ahead := range []int{0, 3} {
		server := &listServer{rows: all, view: view}
		rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 100),
			upvest.WithPagesAhead(ahead))
		if !errors.Is(err, upvest.ErrListUnreadable) || len(rows) != total-lower {
			t.Errorf("with %d pages prefetched, got %d rows of %d and the error %v, "+
				"want the %d rows of the first page and ErrListUnreadable",
				ahead, len(rows), total, err, total-lower)
		}
	}
	server := &listServer{rows: all[10:]}
	server.before = func(request int) {
		if request == 2 {
			server.rows = all
		}
	}
	rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 100))
	if err != nil || !slices.Equal(rows, all[10:]) {
		t.Errorf("got %d rows and the error %v, want the %d rows that the list had at the beginning",
			len(rows), err, total-10)
	}
}

// A cancelled context ends the list at the next row, even if prefetched pages have
// arrived.
func TestAllEndsAtTheNextRowAfterCancellation(t *testing.T) {
	for _, ahead := range []int{0, 1, 4} {
		for _, after := range []int{1, 5, 10, 15, 100} {
			t.Run(fmt.Sprintf("%d pages ahead, cancelled at row %d", ahead, after), func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				client := newTestClient(t, (&listServer{rows: ids(200)}).serve)
				rows := 0
				var failures []error
				list := client.Orders.All(ctx, ordersParams(0, 10), upvest.WithPagesAhead(ahead))
				for _, err := range list {
					if err != nil {
						failures = append(failures, err)
						continue
					}
					rows++
					if rows == after {
						cancel(errors.New("the caller has seen enough"))
					}
				}
				if rows != after || len(failures) != 1 || !errors.Is(failures[0], context.Canceled) {
					t.Errorf("got %d rows and the errors %v, want %d rows and context.Canceled once",
						rows, failures, after)
				}
			})
		}
	}
}
