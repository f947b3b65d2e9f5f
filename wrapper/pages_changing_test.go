package wrapper_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// All ends without an error if most rows disappear after the first page.
func TestAllEndsIfMostRowsDisappear(t *testing.T) {
	all := ids(8)
	for name, test := range map[string]struct {
		left []uuid.UUID
		want []uuid.UUID // the rows read after the first page
	}{
		"no row remains":                          {},
		"the first two rows remain":               {left: all[:2]},
		"the first row remains":                   {left: all[:1]},
		"only rows of later pages remain":         {left: all[5:], want: all[5:]},
		"only the last row that was read remains": {left: all[2:3]},
	} {
		for kind, meta := range map[string]metaFunc{"correct meta": nil, "no meta": noMeta} {
			t.Run(name+", "+kind, func(t *testing.T) {
				server := &listServer{rows: all, meta: meta}
				server.before = func(request int) {
					if request == 2 {
						server.rows = test.left
					}
				}
				want := slices.Concat(all[:3], test.want)
				rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 3))
				if err != nil || !slices.Equal(rows, want) || len(server.requests) > 6 {
					t.Errorf("got the rows %v and the error %v after %d requests, "+
						"want the rows %v and no error after at most 6",
						rows, err, len(server.requests), want)
				}
			})
		}
	}
}

// If rows before the position of the reader disappear, All goes back page by page instead
// of row by row.
func TestAllGoesBackByPages(t *testing.T) {
	all := ids(200)
	server := &listServer{rows: all}
	server.before = func(request int) {
		if request == 12 {
			server.rows = all[100:]
		}
	}
	rows, err := collectOrders(t, newTestClient(t, server.serve), ordersParams(0, 10))
	if err != nil || !slices.Equal(rows, all) {
		t.Errorf("got %d rows and the error %v, want all 200 rows in order", len(rows), err)
	}
	if len(server.requests) > 40 {
		t.Errorf("got %d requests for 200 rows in pages of 10, want at most 40", len(server.requests))
	}
}

// changingList is a list in which some rows stay while others are added and removed.
type changingList struct {
	random  *rand.Rand
	all     []uuid.UUID        // in the order of the list
	stays   map[uuid.UUID]bool // rows that are never removed
	present map[uuid.UUID]bool // rows that are in the list now
	changes int                // how likely a change is, from 0 (rare) to 4 (always)
}

func newChangingList(random *rand.Rand, all []uuid.UUID) *changingList {
	list := &changingList{
		random:  random,
		all:     all,
		stays:   map[uuid.UUID]bool{},
		present: map[uuid.UUID]bool{},
		changes: random.IntN(5),
	}
	share := random.IntN(10)
	for _, id := range all {
		list.stays[id] = random.IntN(10) < share
		list.present[id] = list.stays[id] || random.IntN(2) == 0
	}
	return list
}

// rowsIn returns the rows that are in a set, in the order of the list.
func (c *changingList) rowsIn(set map[uuid.UUID]bool) []uuid.UUID {
	var rows []uuid.UUID
	for _, id := range c.all {
		if set[id] {
			rows = append(rows, id)
		}
	}
	return rows
}

// change adds or removes rows, or does both, in a random part of the list or in the whole
// list.
func (c *changingList) change() {
	if c.random.IntN(5) > c.changes {
		return
	}
	from := 0
	to := len(c.all)
	if c.random.IntN(3) > 0 {
		from = c.random.IntN(len(c.all))
		to = from + c.random.IntN(len(c.all)-from) + 1
	}
	kind := c.random.IntN(4)
	for _, id := range c.all[from:to] {
		switch kind {
		case 0:
			c.present[id] = true
		case 1:
			c.present[id] = c.stays[id]
		default:
			c.present[id] = c.stays[id] || c.random.IntN(2) == 0
		}
	}
}

// The ways in which the rows of a [changingList] can be sorted.
const (
	ascending  = "ascending"
	descending = "descending"
	unordered  = "unordered"
)

// All returns each row that is never removed from a changing list exactly once, or ends
// with ErrListUnreadable.
func TestAllReadsEachLastingRowOfAChangingListOnce(t *testing.T) {
	for _, order := range []string{ascending, descending, unordered} {
		t.Run(order, func(t *testing.T) {
			unreadable := 0
			const seeds = 30
			for seed := range uint64(seeds) {
				synctest.Test(t, func(t *testing.T) {
					if readChangingList(t, order, seed) {
						unreadable++
					}
				})
			}
			// All can continue in an ordered list after almost every change.
			if order != unordered && unreadable > 1 {
				t.Errorf("%d of %d lists could not be read, want at most one", unreadable, seeds)
			}
			t.Logf("%d of %d lists could not be read", unreadable, seeds)
		})
	}
}

// changingCase describes how to read a changing list. The order and a seed determine all
// its other values.
type changingCase struct {
	order  string
	list   *changingList
	server *listServer
	params portfolios.ListPortfoliosOrdersParams
	ahead  int
}

func newChangingCase(order string, seed uint64) changingCase {
	random := rand.New(rand.NewPCG(seed, 1))
	all := ids(1 + random.IntN(120))
	if order == unordered {
		all = ids(60 + random.IntN(60))
	}
	switch order {
	case descending:
		slices.Reverse(all)
	case unordered:
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	list := newChangingList(random, all)
	metas := []metaFunc{nil, noMeta, func(page pageInfo) string {
		return fmt.Sprintf(`{"limit": %d, "count": 1, "total_count": 1}`, page.limit)
	}}
	server := &listServer{
		rows:     list.rowsIn(list.present),
		meta:     metas[random.IntN(len(metas))],
		capacity: random.IntN(3) * (2 + random.IntN(20)),
	}
	server.before = func(request int) {
		if request > 1 {
			list.change()
			server.rows = list.rowsIn(list.present)
		}
	}
	limits := []int32{1, 2, 3, 4, 7, 30, 200}
	// only a page of several rows shows that the list is unordered
	if order == unordered {
		limits = []int32{30, 200}
		server.capacity = 0
	}
	params := ordersParams(0, limits[random.IntN(len(limits))])
	if order == descending {
		descending := portfolios.ListOrder("DESC")
		params.Order = &descending
	}
	ahead := random.IntN(2) * random.IntN(5)
	return changingCase{order: order, list: list, server: server, params: params, ahead: ahead}
}

// readChangingList reads a changing list, and checks that All returns every row that is
// never removed, once and in order, until it ends. It reports whether All returned
// ErrListUnreadable.
func readChangingList(t *testing.T, order string, seed uint64) (unreadable bool) {
	t.Helper()
	c := newChangingCase(order, seed)
	// The seed and the offset determine when a response arrives, so that a seed always
	// gives the same result.
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		offset, err := queryNumber(req, "offset")
		if err != nil {
			return nil, err
		}
		latency := time.Duration(1+(offset*7919+int(seed)*31)%97) * time.Millisecond
		time.Sleep(latency + time.Duration(offset)*time.Microsecond)
		return c.server.serve(req)
	})
	rows, err := collectOrders(t, client, c.params, upvest.WithPagesAhead(c.ahead))
	input := fmt.Sprintf("seed %d, %d rows, limit %d, %d ahead, capacity %d",
		seed, len(c.list.all), *c.params.Limit, c.ahead, c.server.capacity)
	lasting := slices.DeleteFunc(slices.Clone(rows), func(id uuid.UUID) bool { return !c.list.stays[id] })
	want := c.list.rowsIn(c.list.stays)
	switch {
	case errors.Is(err, upvest.ErrListUnreadable):
		unreadable = true
		if c.ahead == 0 && order != unordered {
			t.Errorf("%s: got the error %v, want none", input, err)
		}
		want = want[:min(len(lasting), len(want))]
	case err != nil:
		t.Fatalf("%s: got the error %v, want none or ErrListUnreadable", input, err)
	}
	if !slices.Equal(lasting, want) {
		t.Errorf("%s: got %d of the rows that are never removed, want %d, each once and in order; "+
			"the error is %v",
			input, len(lasting), len(want), err)
	}
	if order != unordered && !isInOrder(rows, order) {
		t.Errorf("%s: got the rows %v, want each row once, in %s order", input, rows, order)
	}
	return unreadable
}

// isInOrder reports whether rows are in the given order, without repetitions.
func isInOrder(rows []uuid.UUID, order string) bool {
	sign := 1
	if order == descending {
		sign = -1
	}
	for i := 1; i < len(rows); i++ {
		if bytes.Compare(rows[i-1][:], rows[i][:])*sign >= 0 {
			return false
		}
	}
	return true
}
