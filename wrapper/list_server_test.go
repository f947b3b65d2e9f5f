package wrapper_test

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// listServer serves the pages of a list of orders. The zero value serves an empty list.
type listServer struct {
	mu     sync.Mutex
	rows   []uuid.UUID
	before func(request int) // changes the list before a request is served
	// returns the rows of a page; if nil, they are taken from rows
	view     viewFunc
	capacity int      // the largest number of rows in a page; 0 means no limit
	meta     metaFunc // returns the meta of a page; if nil, correctMeta is used
	requests []*http.Request
}

type (
	viewFunc func(offset, limit int) []uuid.UUID
	metaFunc func(page pageInfo) string
)

// pageInfo describes a page.
type pageInfo struct {
	offset, limit int
	rows          int // the number of rows in the page
	total         int // the number of rows in the list
}

func (s *listServer) serve(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	s.requests = append(s.requests, req)
	if s.before != nil {
		s.before(len(s.requests))
	}
	offset, offsetErr := queryNumber(req, "offset")
	limit, limitErr := queryNumber(req, "limit")
	if err := errors.Join(offsetErr, limitErr); err != nil {
		return nil, err
	}
	if s.capacity > 0 {
		limit = min(limit, s.capacity)
	}
	rows := s.page(offset, limit)
	info := pageInfo{offset: offset, limit: limit, rows: len(rows), total: len(s.rows)}
	meta := correctMeta(info)
	if s.meta != nil {
		meta = s.meta(info)
	}
	var data []string
	for _, row := range rows {
		data = append(data, fmt.Sprintf(`{"id": %q}`, row))
	}
	return success(`{"data": [` + strings.Join(data, ",") + `], "meta": ` + meta + `}`)(req)
}

// queryNumber returns a query parameter, or 0 if the parameter is absent.
func queryNumber(req *http.Request, name string) (int, error) {
	query := req.URL.Query()
	if !query.Has(name) {
		return 0, nil
	}
	return strconv.Atoi(query.Get(name))
}

func (s *listServer) page(offset, limit int) []uuid.UUID {
	switch {
	case s.view != nil:
		return s.view(offset, limit)
	case offset < len(s.rows):
		return s.rows[offset:min(offset+limit, len(s.rows))]
	}
	return nil
}

func correctMeta(page pageInfo) string {
	return fmt.Sprintf(`{"count": %d, "limit": %d, "offset": %d, "total_count": %d}`,
		page.rows, page.limit, page.offset, page.total)
}

// fixedMeta returns the same meta for every page.
func fixedMeta(meta string) metaFunc {
	return func(pageInfo) string { return meta }
}

// noMeta returns meta without fields.
var noMeta = fixedMeta(`{}`)

// ids returns the given number of IDs, in ascending order.
func ids(count int) []uuid.UUID {
	rows := make([]uuid.UUID, count)
	for i := range rows {
		rows[i] = uuid.MustParse(fmt.Sprintf("%08x-1111-4111-8111-111111111111", (i+1)*16))
	}
	return rows
}

func ordersParams(offset, limit int32) portfolios.ListPortfoliosOrdersParams {
	return portfolios.ListPortfoliosOrdersParams{Offset: &offset, Limit: &limit}
}

// collectOrders lists orders with All, and returns their IDs and the error of the list.
func collectOrders(
	t *testing.T, client *upvest.Client,
	params portfolios.ListPortfoliosOrdersParams, options ...upvest.AllOption,
) ([]uuid.UUID, error) {
	t.Helper()
	return collect(t, client.Orders.All(t.Context(), params, options...))
}

// collect reads a list, and returns the IDs of its rows and its error. An error must be
// the last item of the list, and must come without a row.
func collect(t *testing.T, list iter.Seq2[portfolios.Order, error]) ([]uuid.UUID, error) {
	t.Helper()
	var rows []uuid.UUID
	var failure error
	for row, err := range list {
		if failure != nil {
			t.Fatalf("the row %s and the error %v came after the error %v, want nothing more",
				row.ID, err, failure)
		}
		if err != nil {
			if row.ID != uuid.Nil {
				t.Errorf("the row %s came with the error %v, want no row", row.ID, err)
			}
			failure = err
			continue
		}
		rows = append(rows, row.ID)
	}
	return rows, failure
}
