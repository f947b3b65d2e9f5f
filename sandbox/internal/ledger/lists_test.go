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

// page is what the three lists have in common.
type page struct {
	ids  []uuid.UUID
	meta contract.Meta
}

type query struct {
	sort, order, from, to *string
	offset, limit         *int32
}

// lists are the three list operations, each over items that were made one hour apart from the start on.
func lists(w *world, count int) map[string]func(query) (page, error) {
	var shared uuid.UUID
	for i := range count {
		made := must(w.createAllocation(contract.AllocationRequest{Allocation: instruments(w.t, funds, "1")}))(w.t)
		if i == 0 {
			shared = made.ID
		}
		account := uuid.NewSHA1(nowhere, []byte{byte(i)})
		must(w.createConfiguration(contract.ConfigurationRequest{AccountID: account, AllocationID: shared}))(w.t)
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
			return pageOf(list.Data, list.Meta, func(c contract.Configuration) uuid.UUID { return c.AccountID }), err
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

func TestListsPageAndCount(t *testing.T) {
	w := newWorld(t)
	for name, list := range lists(w, 5) {
		all := must(list(query{}))(t)
		ordered := slices.SortedFunc(slices.Values(all.ids), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		if len(all.ids) != 5 || !reflect.DeepEqual(all.ids, ordered) {
			t.Fatalf("%s: got %v, want five in ascending order", name, all.ids)
		}
		sort := sortedBy[name]
		tests := []struct {
			query query
			ids   []uuid.UUID
			meta  contract.Meta
		}{
			{query{}, all.ids, contract.Meta{Limit: 100, Count: 5, TotalCount: 5}},
			{query{sort: &sort, order: ptr("ASC")}, all.ids, contract.Meta{Limit: 100, Count: 5, TotalCount: 5}},
			{query{limit: ptr(int32(2))}, all.ids[:2], contract.Meta{Limit: 2, Count: 2, TotalCount: 5}},
			{query{limit: ptr(int32(2)), offset: ptr(int32(4))}, all.ids[4:], contract.Meta{Offset: 4, Limit: 2, Count: 1, TotalCount: 5}},
			{query{offset: ptr(int32(5))}, []uuid.UUID{}, contract.Meta{Offset: 5, Limit: 100, TotalCount: 5}},
			{query{limit: ptr(int32(0))}, []uuid.UUID{}, contract.Meta{TotalCount: 5}},
			{
				query{limit: ptr(int32(1000)), offset: ptr(int32(math.MaxInt32))},
				[]uuid.UUID{},
				contract.Meta{Offset: math.MaxInt32, Limit: 1000, TotalCount: 5},
			},
		}
		for i, test := range tests {
			// A filter that lets everything pass must not change the page.
			for _, from := range []*string{nil, ptr("2000-01-01T00:00:00Z")} {
				test.query.from = from
				test.meta.Sort, test.meta.Order = &sort, ptr(contract.MetaOrderASC)
				got := must(list(test.query))(t)
				if !reflect.DeepEqual(got, page{test.ids, test.meta}) {
					t.Errorf("%s %d: got %+v, want %v %+v", name, i, got, test.ids, test.meta)
				}
			}
		}
	}
}

func TestListsFilterByDate(t *testing.T) {
	w := newWorld(t)
	at := func(d time.Duration) *string { return ptr(start.Add(d).Format(time.RFC3339Nano)) }
	for name, list := range lists(w, 4) {
		tests := []struct {
			from, to *string
			count    int
		}{
			{at(time.Hour), nil, 3}, // itself included
			{at(time.Hour + 1), nil, 2},
			{nil, at(time.Hour), 2}, // itself included
			{nil, at(time.Hour - 1), 1},
			{at(time.Hour), at(2 * time.Hour), 2},
			{at(2 * time.Hour), at(time.Hour), 0},
			{ptr("2021-07-21T17:10:00+02:00"), nil, 3},
			{ptr("2021-07-21t15:10:00.0z"), nil, 3},
		}
		for i, test := range tests {
			got := must(list(query{from: test.from, to: test.to, limit: ptr(int32(1))}))(t)
			if got.meta.TotalCount != test.count || got.meta.Count != min(1, test.count) || len(got.ids) != got.meta.Count {
				t.Errorf("%s %d: got %+v, want a total of %d", name, i, got, test.count)
			}
		}
	}
}

func TestListParameterRules(t *testing.T) {
	w := newWorld(t)
	for name, list := range lists(w, 1) {
		tests := map[string]query{
			"sort":       {sort: ptr("name")},
			"order":      {order: ptr("DESC")},
			"offset":     {offset: ptr(int32(-1))},
			"limit":      {limit: ptr(int32(1001))},
			"start_date": {from: ptr("2022-10-14")},
			"end_date":   {to: ptr("2022-10-14T00:00:00")},
		}
		for field, q := range tests {
			_, err := list(q)
			wantRefusal(t, err, 400, "invalid_request", field+":")
		}
		for _, text := range []string{
			"", "2022-10-14T00:00:00,5Z", "2022-10-14T1:00:00Z", "2022-13-14T00:00:00Z", "2022-10-14 00:00:00Z",
			"2022-10-14T00:00:00 02:00", "1665705600",
		} {
			_, err := list(query{from: &text})
			wantRefusal(t, err, 400, "invalid_request", "start_date:", "RFC 3339")
		}
		_, err := list(query{limit: ptr(int32(-1))})
		wantRefusal(t, err, 400, "invalid_request", "limit:", "0 to 1000")
		if sort := sortedBy[name]; sort != "id" {
			_, err := list(query{sort: ptr("id")})
			wantRefusal(t, err, 400, "invalid_request", "sort:", sort)
		}
	}
}

func TestListAllocationsByInstruments(t *testing.T) {
	w := newWorld(t)
	for _, list := range [][]string{{funds, "1"}, {funds, "0.5", apple, "0.5"}, {funds, "0.5", upvests, "0.5"}} {
		must(w.createAllocation(contract.AllocationRequest{Allocation: instruments(t, list...)}))(t)
	}
	for text, want := range map[string]int{
		funds: 3, apple: 1, apple + "," + funds: 1, apple + "," + upvests: 0, upvests: 1,
		"C2721BC09F65474BA846B237EB17FB05": 1, nowhere.String(): 0, funds + "," + funds: 3,
	} {
		got := must(w.listAllocations(contract.ListPortfoliosAllocationsParams{InstrumentIDs: &text}))(t)
		if len(got.Data) != want || got.Meta.TotalCount != want {
			t.Errorf("%s: got %d of %d, want %d", text, len(got.Data), got.Meta.TotalCount, want)
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
		{byAccount(pension.String()), []uuid.UUID{pension}},
		{byAccount(nowhere.String()), nil},
		{byAllocation(first), []uuid.UUID{savings}},
		{byAllocation(nowhere.String()), nil},
	} {
		var got []uuid.UUID
		for _, found := range must(w.listConfigurations(test.params))(t).Data {
			got = append(got, found.AccountID)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%d: got %v, want %v", i, got, test.want)
		}
	}
	for _, text := range []string{"", "x", "urn:uuid:" + first, "{" + first + "}", strings.ReplaceAll(first, "-", "")} {
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
	saved, paid := w.buy(savings, "1").ID, w.buy(pension, "1").ID
	w.pass(2 * delay)
	closing := must(w.liquidate(savings, userID))(t).ID
	for i, test := range []struct {
		params contract.ListPortfoliosOrdersParams
		want   []uuid.UUID
	}{
		{contract.ListPortfoliosOrdersParams{}, []uuid.UUID{saved, paid, closing}},
		{contract.ListPortfoliosOrdersParams{AccountID: &savings}, []uuid.UUID{saved, closing}},
		{contract.ListPortfoliosOrdersParams{AllocationID: &first}, []uuid.UUID{saved}},
		{contract.ListPortfoliosOrdersParams{AccountID: &pension, AllocationID: &second}, []uuid.UUID{paid}},
		{contract.ListPortfoliosOrdersParams{AccountID: &pension, AllocationID: &first}, nil},
		{contract.ListPortfoliosOrdersParams{AccountID: &nowhere}, nil},
	} {
		var got []uuid.UUID
		for _, o := range must(w.listOrders(test.params))(t).Data {
			got = append(got, o.ID)
			if want := must(w.retrieveOrder(o.ID))(t); !reflect.DeepEqual(o, want) {
				t.Errorf("%d: listed %+v, retrieved %+v", i, o, want)
			}
		}
		byID := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(test.want, byID)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%d: got %v, want %v", i, got, test.want)
		}
	}
}

// A list must bring its orders up to date by itself, without anybody having retrieved them.
func TestListedOrdersMoveOnWithTheClock(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, funds, "1")
	w.buy(savings, "1")
	for _, want := range []contract.OrderStatus{contract.OrderStatusNEW, contract.OrderStatusPROCESSING, contract.OrderStatusFILLED} {
		got := must(w.listOrders(contract.ListPortfoliosOrdersParams{}))(t).Data[0]
		if got.Status != want {
			t.Errorf("status is %s, want %s", got.Status, want)
		}
		w.pass(delay)
	}
}
