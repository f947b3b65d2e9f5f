package wrapper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestListReturnsOnePageWithItsMeta(t *testing.T) {
	server := &listServer{rows: ids(7)}
	page, err := newTestClient(t, server.serve).Orders.List(t.Context(), ordersParams(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Data) != 3 || page.Data[0].ID != server.rows[2] {
		t.Errorf("got the rows %v, want the third to the fifth of %v", page.Data, server.rows)
	}
	if page.Meta.Count != 3 || page.Meta.Limit != 3 || page.Meta.Offset != 2 || page.Meta.TotalCount != 7 {
		t.Errorf("the meta is %+v, want count 3, limit 3, offset 2, total_count 7", page.Meta)
	}
	if len(server.requests) != 1 {
		t.Errorf("got %d requests, want one", len(server.requests))
	}
}

func TestAllAlwaysSendsSortOrderAndLimit(t *testing.T) {
	for sort, read := range map[string]func(*upvest.Client) error{
		"id": func(client *upvest.Client) error {
			return firstError(client.Orders.All(t.Context(), portfolios.ListPortfoliosOrdersParams{}))
		},
		"account_id": func(client *upvest.Client) error {
			params := portfolios.ListPortfoliosConfigurationsParams{}
			return firstError(client.Configurations.All(t.Context(), params))
		},
	} {
		server := &listServer{}
		if err := read(newTestClient(t, server.serve)); err != nil {
			t.Fatal(err)
		}
		for _, req := range server.requests {
			query := req.URL.Query()
			if query.Get("sort") != sort || query.Get("order") != "ASC" || query.Get("limit") != "100" {
				t.Errorf("the query is %s, want sort=%s, order=ASC and limit=100", req.URL.RawQuery, sort)
			}
		}
		if len(server.requests) == 0 {
			t.Error("no request was sent, want at least one")
		}
	}
}

func TestAllReadsTheListOfEveryService(t *testing.T) {
	for name, test := range map[string]struct {
		row  string
		read func(*upvest.Client) (string, error)
		want string
	}{
		"allocations": {
			row: allocationBody,
			read: func(client *upvest.Client) (string, error) {
				params := portfolios.ListPortfoliosAllocationsParams{}
				row, err := onlyRow(t, client.Allocations.All(t.Context(), params))
				return row.ID.String(), err
			},
			want: "436244bb-4afd-4002-b53b-b1d7a3bca032",
		},
		"configurations": {
			row: configurationBody,
			read: func(client *upvest.Client) (string, error) {
				params := portfolios.ListPortfoliosConfigurationsParams{}
				row, err := onlyRow(t, client.Configurations.All(t.Context(), params))
				return row.AccountID.String(), err
			},
			want: "debf2026-f2da-4ff0-bb84-92e45babb1e3",
		},
		"orders": {
			row: orderBody,
			read: func(client *upvest.Client) (string, error) {
				params := portfolios.ListPortfoliosOrdersParams{}
				row, err := onlyRow(t, client.Orders.All(t.Context(), params))
				return row.ID.String(), err
			},
			want: someOrder.String(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.read(newTestClient(t, success(pageOf(test.row))))
			if err != nil || got != test.want {
				t.Errorf("All returned the row %s and the error %v, want %s", got, err, test.want)
			}
		})
	}
}

// onlyRow returns the row of a list that must have exactly one row.
func onlyRow[T any](t *testing.T, list iter.Seq2[T, error]) (T, error) {
	t.Helper()
	var only T
	count := 0
	for row, err := range list {
		if err != nil {
			return only, err
		}
		only = row
		count++
	}
	if count != 1 {
		t.Errorf("All returned %d rows, want one", count)
	}
	return only, nil
}

func firstError[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		return err
	}
	return nil
}

// pagingCase is a list that All must read completely.
type pagingCase struct {
	rows     int
	limit    int32
	capacity int // the most rows in a page of the server; the default is no limit
	meta     metaFunc
	requests int // the most requests that All may send if it prefetches no pages
}

func TestAllEndsAndIsComplete(t *testing.T) {
	requireComplete(t, map[string]pagingCase{
		"an empty list":     {rows: 0, limit: 100, requests: 1},
		"one row":           {rows: 1, limit: 100, requests: 1},
		"one short page":    {rows: 7, limit: 100, requests: 1},
		"one full page":     {rows: 10, limit: 10, requests: 2},
		"several pages":     {rows: 95, limit: 10, requests: 11},
		"pages of one row":  {rows: 5, limit: 1, requests: 6},
		"pages of two rows": {rows: 5, limit: 2, requests: 6},
		"a server limit below the requested limit": {rows: 25, limit: 100, capacity: 10, requests: 3},
	})
}

// All reads a list completely even if meta is absent, or wrong in one of these ways.
func TestAllIsCompleteWithAnyMeta(t *testing.T) {
	requireComplete(t, map[string]pagingCase{
		"an empty list without meta": {rows: 0, limit: 100, meta: noMeta, requests: 1},
		"one row without meta":       {rows: 1, limit: 100, meta: noMeta, requests: 2},
		"count and total_count are 1": {
			rows:  25,
			limit: 10,
			meta: func(page pageInfo) string {
				return correctMeta(pageInfo{offset: page.offset, limit: page.limit, rows: 1, total: 1})
			},
			requests: 5,
		},
		"count and total_count are absent": {
			rows:     25,
			limit:    10,
			meta:     func(page pageInfo) string { return fmt.Sprintf(`{"limit": %d}`, page.limit) },
			requests: 5,
		},
		"total_count is too large": {
			rows:  25,
			limit: 10,
			meta: func(page pageInfo) string {
				return fmt.Sprintf(`{"limit": %d, "total_count": 1000000}`, page.limit)
			},
			requests: 5,
		},
		"total_count is the end of the page": {
			rows:  25,
			limit: 10,
			meta: func(page pageInfo) string {
				page.total = page.offset + page.rows
				return correctMeta(page)
			},
			requests: 3,
		},
		"a smaller server limit, no meta": {rows: 25, limit: 100, capacity: 10, meta: noMeta, requests: 5},
		"a smaller server limit, meta with the requested limit": {
			rows:     25,
			limit:    100,
			capacity: 10,
			meta: func(page pageInfo) string {
				page.limit = 100
				return correctMeta(page)
			},
			requests: 3,
		},
		"a smaller server limit, meta with only the requested limit": {
			rows:     25,
			limit:    100,
			capacity: 10,
			meta:     fixedMeta(`{"limit": 100}`),
			requests: 5,
		},
		"one row per page with any limit": {rows: 25, limit: 10, capacity: 1, requests: 60},
	})
}

func requireComplete(t *testing.T, cases map[string]pagingCase) {
	t.Helper()
	for name, test := range cases {
		for _, ahead := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s, %d pages ahead", name, ahead), func(t *testing.T) {
				server := &listServer{rows: ids(test.rows), capacity: test.capacity, meta: test.meta}
				client := newTestClient(t, server.serve)
				params := ordersParams(0, test.limit)
				rows, err := collectOrders(t, client, params, upvest.WithPagesAhead(ahead))
				if err != nil || !slices.Equal(rows, server.rows) {
					t.Errorf("got %d rows and the error %v, want all %d rows in order",
						len(rows), err, test.rows)
				}
				if ahead == 0 && len(server.requests) > test.requests {
					t.Errorf("got %d requests, want at most %d", len(server.requests), test.requests)
				}
			})
		}
	}
}

func TestAllStartsAtTheOffset(t *testing.T) {
	server := &listServer{rows: ids(25)}
	rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(7, 5))
	if err != nil || !slices.Equal(rows, server.rows[7:]) {
		t.Errorf("got %d rows and the error %v, want the 18 rows from the eighth on", len(rows), err)
	}
}

func TestAllRefusesInvalidParameters(t *testing.T) {
	server := &listServer{}
	client := newTestClient(t, server.serve)
	for name, test := range map[string]struct {
		offset, limit int32
		options       []upvest.AllOption
	}{
		"a negative offset":    {offset: -1, limit: 10},
		"a limit of 0":         {limit: 0},
		"a limit above 1000":   {limit: 1001},
		"too many pages ahead": {limit: 10, options: []upvest.AllOption{upvest.WithPagesAhead(17)}},
		"negative pages ahead": {limit: 10, options: []upvest.AllOption{upvest.WithPagesAhead(-1)}},
		"a nil option":         {limit: 10, options: []upvest.AllOption{nil}},
		"an invalid option":    {limit: 10, options: []upvest.AllOption{upvest.WithTimeout(0)}},
	} {
		rows, err := collectOrders(t, client, ordersParams(test.offset, test.limit), test.options...)
		if err == nil || len(rows) > 0 {
			t.Errorf("%s: got the rows %v and the error %v, want no rows and an error", name, rows, err)
		}
	}
	if len(server.requests) > 0 {
		t.Errorf("got %d requests, want none", len(server.requests))
	}
}

// bubbleGoroutines returns the number of goroutines that exist in the synctest bubble of
// the test. Unlike [runtime.NumGoroutine], it does not count goroutines that run
// finalizers.
func bubbleGoroutines() int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("synctest bubble"))
}

func TestAllStopsOnBreak(t *testing.T) {
	for _, ahead := range []int{0, 5} {
		t.Run(fmt.Sprintf("%d pages ahead", ahead), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &listServer{rows: ids(100)}
				client := newTestClient(t, server.serve)
				goroutines := bubbleGoroutines()
				seen := 0
				list := client.Orders.All(t.Context(), ordersParams(0, 10), upvest.WithPagesAhead(ahead))
				for _, err := range list {
					if err != nil {
						t.Fatal(err)
					}
					seen++
					if seen == 10 {
						break
					}
				}
				requests := len(server.requests)
				if requests > 1+ahead {
					t.Errorf("got %d requests, want at most %d: the first page and %d prefetched ones",
						requests, 1+ahead, ahead)
				}
				synctest.Wait()
				if now := bubbleGoroutines(); now > goroutines {
					t.Errorf("got %d goroutines after the break, want at most %d, as before reading the list",
						now, goroutines)
				}
				time.Sleep(time.Hour)
				if later := len(server.requests); later != requests {
					t.Errorf("got %d requests after the break, want none", later-requests)
				}
			})
		})
	}
}

func TestAllStopsWithItsContext(t *testing.T) {
	for _, ahead := range []int{0, 2} {
		ctx, cancel := context.WithCancel(t.Context())
		server := &listServer{rows: ids(100)}
		client := newTestClient(t, server.serve)
		rows := 0
		failures := 0
		for _, err := range client.Orders.All(ctx, ordersParams(0, 10), upvest.WithPagesAhead(ahead)) {
			if err != nil {
				failures++
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%d pages prefetched: got the error %v, want context.Canceled", ahead, err)
				}
				continue
			}
			rows++
			if rows == 15 {
				cancel()
			}
		}
		cancel()
		if most := 10 + ahead*10 + 10; failures != 1 || rows > most {
			t.Errorf("%d pages prefetched: got %d errors and %d rows, want one error and at most %d rows",
				ahead, failures, rows, most)
		}
	}
}

func TestAllReturnsAnErrorOnce(t *testing.T) {
	server := &listServer{rows: ids(100)}
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("offset") == "18" {
			return problem(http.StatusForbidden)(req)
		}
		return server.serve(req)
	})
	for _, ahead := range []int{0, 4} {
		rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(ahead))
		if !errors.Is(err, upvest.ErrForbidden) || len(rows) != 19 {
			t.Errorf("%d pages prefetched: got %d rows and the error %v, want 19 rows and ErrForbidden",
				ahead, len(rows), err)
		}
	}
}
