package changinglist_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
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

// change is what happens to the list between two requests: rows appear or disappear at places given as fractions of the list.
type change struct {
	insert bool
	at     byte
}

// list is a server's list of orders, sorted by id. Rows of even rank at the start stay for ever; all others may come and go.
type list struct {
	mu      sync.Mutex
	rows    []uuid.UUID
	steady  map[uuid.UUID]bool
	changes [][]change // before each request
}

// idOf makes ids that sort by a number.
func idOf(number uint32) uuid.UUID {
	id := uuid.UUID{6: 0x40, 8: 0x80}
	id[0], id[1], id[2], id[3] = byte(number>>24), byte(number>>16), byte(number>>8), byte(number)
	return id
}

func (l *list) apply(changes []change) {
	for _, change := range changes {
		index := int(change.at) * len(l.rows) / 256
		switch {
		case change.insert:
			// A number of its own between those of the neighbours: the numbers at the start are far apart.
			id := idOf(uint32(change.at)<<24 | uint32(len(l.changes))<<12 | uint32(len(l.rows))&0xfff | 1)
			if index, found := slices.BinarySearchFunc(l.rows, id, compareIDs); !found {
				l.rows = slices.Insert(l.rows, index, id)
			}
		case index < len(l.rows) && !l.steady[l.rows[index]]:
			l.rows = slices.Delete(l.rows, index, index+1)
		}
	}
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func (l *list) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.changes) > 0 {
		l.apply(l.changes[0])
		l.changes = l.changes[1:]
	}
	offset, err := strconv.Atoi(req.URL.Query().Get("offset"))
	if err != nil {
		return nil, err
	}
	limit, err := strconv.Atoi(req.URL.Query().Get("limit"))
	if err != nil {
		return nil, err
	}
	page := portfolios.OrderList{Data: []portfolios.Order{}, Meta: portfolios.Meta{Offset: offset, Limit: limit, TotalCount: len(l.rows)}}
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

// TestAllReadsAChangingList: every row that is there from beginning to end comes exactly once and in order, and no row comes twice. The
// reader may only give up, with its own error, when rows went away.
func TestAllReadsAChangingList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 60).Draw(t, "rows")
		deletes := rapid.Bool().Draw(t, "with deletions")
		server := &list{steady: map[uuid.UUID]bool{}}
		for i := range count {
			id := idOf(uint32(i+1) << 26 / 64 * 64)
			server.rows = append(server.rows, id)
			server.steady[id] = i%2 == 0 || !deletes
		}
		server.changes = rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) change {
			return change{insert: !deletes || rapid.Bool().Draw(t, "insert"), at: rapid.Byte().Draw(t, "at")}
		}), 0, 6), 0, 80).Draw(t, "changes")
		steady := slices.SortedFunc(maps.Keys(server.steady), compareIDs)
		steady = slices.DeleteFunc(steady, func(id uuid.UUID) bool { return !server.steady[id] })
		limit := int32(rapid.IntRange(1, 7).Draw(t, "limit"))
		options := []upvest.AllOption{upvest.WithPagesAhead(rapid.IntRange(0, 3).Draw(t, "pages ahead"))}

		var got []uuid.UUID
		var failure error
		params := portfolios.ListPortfoliosOrdersParams{Limit: &limit}
		for order, err := range newClient(t, server).Orders.All(context.Background(), params, options...) {
			if failure != nil {
				t.Fatal("something came after the error")
			}
			if failure = err; err == nil {
				got = append(got, order.ID)
			}
		}

		if failure != nil && !(deletes && errors.Is(failure, upvest.ErrListUnreadable)) {
			t.Fatalf("the list was not read: %v", failure)
		}
		seen := map[uuid.UUID]bool{}
		for _, id := range got {
			if seen[id] {
				t.Fatalf("row %s came twice", id)
			}
			seen[id] = true
		}
		got = slices.DeleteFunc(got, func(id uuid.UUID) bool { return !server.steady[id] })
		if failure != nil {
			steady = steady[:min(len(got), len(steady))]
		}
		if !slices.Equal(got, steady) {
			t.Fatalf("the rows that were there all the time came as\n%v, want\n%v", got, steady)
		}
	})
}

func newClient(t *rapid.T, server http.RoundTripper) *upvest.Client {
	client, err := upvest.New(upvest.Credentials{
		ClientID: uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40"), ClientSecret: "secret", KeyID: "key",
		PrivateKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Scopes: []string{"portfolios:read"},
	},
		upvest.WithHTTPClient(&http.Client{Transport: server}),
		upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})),
		upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	return client
}
