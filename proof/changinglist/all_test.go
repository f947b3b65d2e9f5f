package changinglist_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"
	"pgregory.net/rapid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// change adds or removes a row of the list between two requests.
type change struct {
	insert bool
	// at is the position of the removed row, in 256ths of the length of the list. For an
	// insertion, it is the first byte of the new row's id.
	at byte
}

// list is a server with a list of orders, sorted by id. Steady rows are never removed;
// all other rows may be removed.
type list struct {
	mu     sync.Mutex
	rows   []uuid.UUID
	steady map[uuid.UUID]bool
	// the changes to apply before each request; the first element is for the next request
	changes [][]change
}

// idOf converts a number to an id. A larger number results in an id that sorts later.
func idOf(number uint32) uuid.UUID {
	id := uuid.UUID{6: 0x40, 8: 0x80}
	binary.BigEndian.PutUint32(id[:], number)
	return id
}

func (l *list) apply(changes []change) {
	for _, change := range changes {
		index := int(change.at) * len(l.rows) / 256
		switch {
		case change.insert:
			// The number is odd, and the numbers of the initial rows are even, so no
			// initial row has this number.
			number := uint32(change.at)<<24 | uint32(len(l.changes))<<12 | uint32(len(l.rows))&0xfff | 1
			id := idOf(number)
			if index, found := slices.BinarySearchFunc(l.rows, id, compareIDs); !found {
				l.rows = slices.Insert(l.rows, index, id)
			}
		case index < len(l.rows) && !l.steady[l.rows[index]]:
			l.rows = slices.Delete(l.rows, index, index+1)
		}
	}
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// RoundTrip applies the changes that precede the request, and then returns the requested
// page of the list.
func (l *list) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.changes) > 0 {
		l.apply(l.changes[0])
		l.changes = l.changes[1:]
	}
	offset, errOffset := strconv.Atoi(req.URL.Query().Get("offset"))
	limit, errLimit := strconv.Atoi(req.URL.Query().Get("limit"))
	if err := errors.Join(errOffset, errLimit); err != nil {
		return nil, err
	}
	page := portfolios.OrderList{
		Data: []portfolios.Order{},
		Meta: portfolios.Meta{Offset: offset, Limit: limit, TotalCount: len(l.rows)},
	}
	for _, id := range l.rows[min(offset, len(l.rows)):min(offset+limit, len(l.rows))] {
		page.Data = append(page.Data, portfolios.Order{ID: id, Orders: []portfolios.IndividualOrder{}})
	}
	body, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}, nil
}

// drawList draws a random list and the changes to this list. If `deletes` is false, no
// change removes a row, and all initial rows are steady.
func drawList(t *rapid.T, deletes bool) *list {
	server := &list{steady: map[uuid.UUID]bool{}}
	for i := range rapid.IntRange(0, 60).Draw(t, "rows") {
		id := idOf(uint32(i+1) << 26 / 64 * 64)
		server.rows = append(server.rows, id)
		server.steady[id] = i%2 == 0 || !deletes
	}
	changes := rapid.Custom(func(t *rapid.T) change {
		insert := !deletes || rapid.Bool().Draw(t, "insert")
		return change{insert: insert, at: rapid.Byte().Draw(t, "at")}
	})
	server.changes = rapid.SliceOfN(rapid.SliceOfN(changes, 0, 6), 0, 80).Draw(t, "changes")
	return server
}

// TestAllReadsAChangingList requires that All returns each steady row exactly once and in
// order, and every other row at most once. If rows are removed, All may instead end early
// with [upvest.ErrListUnreadable].
func TestAllReadsAChangingList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		deletes := rapid.Bool().Draw(t, "with deletions")
		server := drawList(t, deletes)
		limit := int32(rapid.IntRange(1, 7).Draw(t, "limit"))
		ahead := upvest.WithPagesAhead(rapid.IntRange(0, 3).Draw(t, "pages ahead"))
		steady := slices.SortedFunc(maps.Keys(server.steady), compareIDs)
		steady = slices.DeleteFunc(steady, func(id uuid.UUID) bool { return !server.steady[id] })

		var got []uuid.UUID
		var failure error
		params := portfolios.ListPortfoliosOrdersParams{Limit: &limit}
		for order, err := range newClient(t, server).Orders.All(context.Background(), params, ahead) {
			if failure != nil {
				t.Fatal("All yielded a value after it had yielded an error, want it to stop")
			}
			failure = err
			if err == nil {
				got = append(got, order.ID)
			}
		}

		if failure != nil && !(deletes && errors.Is(failure, upvest.ErrListUnreadable)) {
			t.Fatalf("All ended with the error %v, want no error, or ErrListUnreadable if rows were removed",
				failure)
		}
		requireOnce(t, got)
		got = slices.DeleteFunc(got, func(id uuid.UUID) bool { return !server.steady[id] })
		if failure != nil {
			steady = steady[:min(len(got), len(steady))]
		}
		if !slices.Equal(got, steady) {
			t.Fatalf("All returned the steady rows\n%v, want\n%v", got, steady)
		}
	})
}

func requireOnce(t *rapid.T, rows []uuid.UUID) {
	seen := map[uuid.UUID]bool{}
	for _, id := range rows {
		if seen[id] {
			t.Fatalf("All returned the row %s twice, want every row at most once", id)
		}
		seen[id] = true
	}
}

func newClient(t *rapid.T, server http.RoundTripper) *upvest.Client {
	client, err := upvest.New(upvest.Credentials{
		ClientID: uuid.MustParse(
			"5ec16164-6173-461d-b90d-116d68f55b40",
		),
		ClientSecret: "secret",
		KeyID:        "key",
		PrivateKey: ed25519.NewKeyFromSeed(
			make([]byte, ed25519.SeedSize),
		),
		Scopes: []string{"portfolios:read"},
	},
		upvest.WithHTTPClient(&http.Client{Transport: server}),
		upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})),
		upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	return client
}
