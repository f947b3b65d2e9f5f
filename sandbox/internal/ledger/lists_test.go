package ledger_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// page holds what the responses of the three list operations have in common.
type page struct {
	ids  []uuid.UUID
	meta contract.Meta
}

type query struct {
	sort, order, from, to *string
	offset, limit         *int32
}

// lists creates count items for each of the three list operations, one hour apart, and
// returns these operations.
func lists(w *world, count int) map[string]func(query) (page, error) {
	var shared uuid.UUID
	for i := range count {
		made := w.allocate(funds, "1")
		if i == 0 {
			shared = made.ID
		}
		account := uuid.NewSHA1(nowhere, []byte{byte(i)})
		w.configure(account, shared)
		w.buy(account, "1")
		w.pass(time.Hour)
	}
	return map[string]func(query) (page, error){
		"allocations": func(q query) (page, error) {
			list, err := w.listAllocations(contract.ListPortfoliosAllocationsParams{
				Sort: (*contract.AllocationSort)(q.sort), Order: (*contract.ListOrder)(q.order),
				Offset: q.offset, Limit: q.limit, StartDate: q.from, EndDate: q.to,
			})
			return pageOf(list.Data, list.Meta, func(a contract.Allocation) uuid.UUID { return a.ID }), err
		},
		"configurations": func(q query) (page, error) {
			list, err := w.listConfigurations(contract.ListPortfoliosConfigurationsParams{
				Sort: (*contract.ConfigurationSort)(q.sort), Order: (*contract.ListOrder)(q.order),
				Offset: q.offset, Limit: q.limit, StartDate: q.from, EndDate: q.to,
			})
			return pageOf(list.Data, list.Meta,
				func(c contract.Configuration) uuid.UUID { return c.AccountID }), err
		},
		"orders": func(q query) (page, error) {
			list, err := w.listOrders(contract.ListPortfoliosOrdersParams{
				Sort: (*contract.OrderSort)(q.sort), Order: (*contract.ListOrder)(q.order),
				Offset: q.offset, Limit: q.limit, StartDate: q.from, EndDate: q.to,
			})
			return pageOf(list.Data, list.Meta, func(o contract.Order) uuid.UUID { return o.ID }), err
		},
	}
}

func pageOf[T any](data []T, meta contract.Meta, id func(T) uuid.UUID) page {
	p := page{meta: meta}
	if data != nil {
		p.ids = []uuid.UUID{}
	}
	for _, item := range data {
		p.ids = append(p.ids, id(item))
	}
	return p
}

var sortedBy = map[string]string{"allocations": "id", "configurations": "account_id", "orders": "id"}

func TestListsReturnPagesAndCounts(t *testing.T) {
	w := newWorld(t)
	for name, list := range lists(w, 5) {
		all := must(list(query{}))(t)
		ordered := slices.SortedFunc(slices.Values(all.ids), byID)
		if len(all.ids) != 5 || !reflect.DeepEqual(all.ids, ordered) {
			t.Fatalf("the list of %s has the ids %v, want five ids in ascending order", name, all.ids)
		}
		sort := sortedBy[name]
		tests := []struct {
			query query
			ids   []uuid.UUID
			meta  contract.Meta
		}{
			{query: query{}, ids: all.ids, meta: contract.Meta{Limit: 100, Count: 5, TotalCount: 5}},
			{
				query: query{sort: &sort, order: new("ASC")}, ids: all.ids,
				meta: contract.Meta{Limit: 100, Count: 5, TotalCount: 5},
			},
			{
				query: query{limit: new(int32(2))}, ids: all.ids[:2],
				meta: contract.Meta{Limit: 2, Count: 2, TotalCount: 5},
			},
			{
				query: query{limit: new(int32(2)), offset: new(int32(4))}, ids: all.ids[4:],
				meta: contract.Meta{Offset: 4, Limit: 2, Count: 1, TotalCount: 5},
			},
			{
				query: query{offset: new(int32(5))}, ids: []uuid.UUID{},
				meta: contract.Meta{Offset: 5, Limit: 100, TotalCount: 5},
			},
			{query: query{limit: new(int32(0))}, ids: []uuid.UUID{}, meta: contract.Meta{TotalCount: 5}},
			{
				query: query{limit: new(int32(1000)), offset: new(int32(math.MaxInt32))},
				ids:   []uuid.UUID{},
				meta:  contract.Meta{Offset: math.MaxInt32, Limit: 1000, TotalCount: 5},
			},
		}
		for i, test := range tests {
			// A filter that matches every item must not change the page.
			for _, from := range []*string{nil, new("2000-01-01T00:00:00Z")} {
				test.query.from = from
				test.meta.Sort = &sort
				test.meta.Order = new(contract.MetaOrderASC)
				got := must(list(test.query))(t)
				if !reflect.DeepEqual(got, page{test.ids, test.meta}) {
					t.Errorf("list of %s, test %d: got the page %+v, want the ids %v and the meta %+v",
						name, i, got, test.ids, test.meta)
				}
			}
		}
	}
}

func TestListsFilterByDate(t *testing.T) {
	w := newWorld(t)
	at := func(d time.Duration) *string { return new(start.Add(d).Format(time.RFC3339Nano)) }
	for name, list := range lists(w, 4) {
		tests := []struct {
			from, to *string
			count    int
		}{
			{from: at(time.Hour), count: 3}, // includes the item created at this instant
			{from: at(time.Hour + 1), count: 2},
			{to: at(time.Hour), count: 2}, // includes the item created at this instant
			{to: at(time.Hour - 1), count: 1},
			{from: at(time.Hour), to: at(2 * time.Hour), count: 2},
			{from: at(2 * time.Hour), to: at(time.Hour)},
			{from: new("2021-07-21T17:10:00+02:00"), count: 3},
			{from: new("2021-07-21t15:10:00.0z"), count: 3},
		}
		for i, test := range tests {
			got := must(list(query{from: test.from, to: test.to, limit: new(int32(1))}))(t)
			if got.meta.TotalCount != test.count || got.meta.Count != min(1, test.count) ||
				len(got.ids) != got.meta.Count {
				t.Errorf("list of %s, test %d: got the page %+v, want the total count %d",
					name, i, got, test.count)
			}
		}
	}
}

func TestListParameterRules(t *testing.T) {
	w := newWorld(t)
	for name, list := range lists(w, 1) {
		tests := map[string]query{
			"sort":       {sort: new("name")},
			"order":      {order: new("DESC")},
			"offset":     {offset: new(int32(-1))},
			"limit":      {limit: new(int32(1001))},
			"start_date": {from: new("2022-10-14")},
			"end_date":   {to: new("2022-10-14T00:00:00")},
		}
		for field, q := range tests {
			_, err := list(q)
			wantRefusal(t, err, 400, "invalid_request", field+":")
		}
		for _, text := range []string{
			"", "2022-10-14T00:00:00,5Z", "2022-10-14T1:00:00Z", "2022-13-14T00:00:00Z",
			"2022-10-14 00:00:00Z",
			"2022-10-14T00:00:00 02:00", "1665705600",
		} {
			_, err := list(query{from: &text})
			wantRefusal(t, err, 400, "invalid_request", "start_date:", "RFC 3339")
		}
		_, err := list(query{limit: new(int32(-1))})
		wantRefusal(t, err, 400, "invalid_request", "limit:", "0 to 1000")
		if sort := sortedBy[name]; sort != "id" {
			_, err := list(query{sort: new("id")})
			wantRefusal(t, err, 400, "invalid_request", "sort:", sort)
		}
	}
}

func TestListAllocationsByInstruments(t *testing.T) {
	w := newWorld(t)
	for _, list := range [][]string{
		{funds, "1"}, {funds, "0.5", apple, "0.5"}, {funds, "0.5", upvests, "0.5"},
	} {
		w.allocate(list...)
	}
	for text, want := range map[string]int{
		funds: 3, apple: 1, apple + "," + funds: 1, apple + "," + upvests: 0, upvests: 1,
		"C2721BC09F65474BA846B237EB17FB05": 1, nowhere.String(): 0, funds + "," + funds: 3,
	} {
		got := must(w.listAllocations(contract.ListPortfoliosAllocationsParams{InstrumentIDs: &text}))(t)
		if len(got.Data) != want || got.Meta.TotalCount != want {
			t.Errorf("with instrument_ids %q, got %d allocations and the total count %d, want %d",
				text, len(got.Data), got.Meta.TotalCount, want)
		}
	}
	for _, text := range []string{"", "gold", funds + ",", funds + ", " + apple} {
		_, err := w.listAllocations(contract.ListPortfoliosAllocationsParams{InstrumentIDs: &text})
		wantRefusal(t, err, 400, "invalid_request", "instrument_ids:")
	}
}

func TestListConfigurationsByID(t *testing.T) {
	w := newWorld(t)
	first := w.follow(savings, funds, "1").String()
	w.follow(pension, funds, "1")
	byAccount := func(text string) contract.ListPortfoliosConfigurationsParams {
		return contract.ListPortfoliosConfigurationsParams{AccountID: &text}
	}
	byAllocation := func(text string) contract.ListPortfoliosConfigurationsParams {
		return contract.ListPortfoliosConfigurationsParams{AllocationID: &text}
	}
	for i, test := range []struct {
		params contract.ListPortfoliosConfigurationsParams
		want   []uuid.UUID
	}{
		{params: byAccount(pension.String()), want: []uuid.UUID{pension}},
		{params: byAccount(nowhere.String())},
		{params: byAllocation(first), want: []uuid.UUID{savings}},
		{params: byAllocation(nowhere.String())},
	} {
		var got []uuid.UUID
		for _, found := range must(w.listConfigurations(test.params))(t).Data {
			got = append(got, found.AccountID)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("test %d: got the configurations of the accounts %v, want %v", i, got, test.want)
		}
	}
	for _, text := range []string{
		"", "x", "urn:uuid:" + first, "{" + first + "}", strings.ReplaceAll(first, "-", ""),
	} {
		_, err := w.listConfigurations(byAccount(text))
		wantRefusal(t, err, 400, "invalid_request", "account_id:", "UUID")
		_, err = w.listConfigurations(byAllocation(text))
		wantRefusal(t, err, 400, "invalid_request", "allocation_id:", "UUID")
	}
}

func TestListOrdersByID(t *testing.T) {
	w := newWorld(t)
	first := w.follow(savings, funds, "1")
	second := w.follow(pension, funds, "1")
	saved := w.buy(savings, "1").ID
	paid := w.buy(pension, "1").ID
	w.pass(2 * delay)
	closing := must(w.liquidate(savings, userID))(t).ID
	for i, test := range []struct {
		params contract.ListPortfoliosOrdersParams
		want   []uuid.UUID
	}{
		{params: anyOrder, want: []uuid.UUID{saved, paid, closing}},
		{
			params: contract.ListPortfoliosOrdersParams{AccountID: &savings},
			want:   []uuid.UUID{saved, closing},
		},
		{params: contract.ListPortfoliosOrdersParams{AllocationID: &first}, want: []uuid.UUID{saved}},
		{
			params: contract.ListPortfoliosOrdersParams{AccountID: &pension, AllocationID: &second},
			want:   []uuid.UUID{paid},
		},
		{params: contract.ListPortfoliosOrdersParams{AccountID: &pension, AllocationID: &first}},
		{params: contract.ListPortfoliosOrdersParams{AccountID: &nowhere}},
	} {
		var got []uuid.UUID
		for _, o := range must(w.listOrders(test.params))(t).Data {
			got = append(got, o.ID)
			if want := must(w.retrieveOrder(o.ID))(t); !reflect.DeepEqual(o, want) {
				t.Errorf("test %d: the list shows the order %+v, want it as retrieved: %+v", i, o, want)
			}
		}
		byID := byID
		slices.SortFunc(test.want, byID)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("test %d: got the orders %v, want %v", i, got, test.want)
		}
	}
}

// TestListsShowTheCurrentStatusOfOrders requires that a list shows the current status of
// its orders, even if no request retrieves the orders one by one.
func TestListsShowTheCurrentStatusOfOrders(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	w.buy(savings, "1")
	for _, want := range []contract.OrderStatus{statusNew, processing, filled} {
		got := must(w.listOrders(anyOrder))(t).Data[0]
		if got.Status != want {
			t.Errorf("the list shows the status %s, want %s", got.Status, want)
		}
		w.pass(delay)
	}
}
