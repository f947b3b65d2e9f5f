package ledger

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/rfc3339"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// listing is what a list operation was asked for, checked.
type listing struct {
	sort          string
	offset, limit int
	from, to      *time.Time
}

// readListing checks the parameters that all lists share.
//
// Source: the query parameters of the list operations; start_date is documented as inclusive.
// Choices: end_date is inclusive too; both are compared with created_at and take any offset from UTC that RFC 3339 can write; a limit
// of 0 gives an empty page with the total count; without sort and order a list is sorted as if the only documented values were sent.
func readListing[S ~string](
	sort string, by *S, order *contract.ListOrder, offset, limit *int32, from, to *string,
) (listing, error) {
	l := listing{sort: sort, limit: defaultLimit}
	if by != nil && string(*by) != sort {
		return l, invalid("sort", "expected %s", sort)
	}
	if order != nil && *order != contract.ListOrderASC {
		return l, invalid("order", "expected ASC")
	}
	if offset != nil {
		if *offset < 0 {
			return l, invalid("offset", "expected 0 or more, got %d", *offset)
		}
		l.offset = int(*offset)
	}
	if limit != nil {
		if *limit < 0 || *limit > maxLimit {
			return l, invalid("limit", "expected 0 to %d, got %d", maxLimit, *limit)
		}
		l.limit = int(*limit)
	}
	var err error
	if l.from, err = readDate("start_date", from); err != nil {
		return l, err
	}
	l.to, err = readDate("end_date", to)
	return l, err
}

func readDate(field string, text *string) (*time.Time, error) {
	if text == nil {
		return nil, nil
	}
	at, err := rfc3339.Parse(*text)
	if err != nil {
		return nil, invalid(field, "expected a time as in RFC 3339, in UTC, such as 2022-10-14T00:00:00Z")
	}
	return &at, nil
}

// readID reads a filter that openapi.yaml declares as a plain string although it holds an id.
func readID(field string, text string) (uuid.UUID, error) {
	id, err := ids.Parse(text)
	if err != nil {
		return uuid.Nil, invalid(field, "expected a UUID such as 3ada8e9e-82c4-4c78-a43d-a691b1636509")
	}
	return id, nil
}

// createdBetween returns the filters that start_date and end_date stand for, none if neither was sent.
func createdBetween[T any](l listing, created func(*T) time.Time) []func(*T) bool {
	var filters []func(*T) bool
	if l.from != nil {
		filters = append(filters, func(item *T) bool { return !created(item).Before(*l.from) })
	}
	if l.to != nil {
		filters = append(filters, func(item *T) bool { return !created(item).After(*l.to) })
	}
	return filters
}

// paginate returns the items of a page of all that pass every filter, and where it stands in the list. Without filters it costs as much
// as the page is long, with filters one pass over the items.
func paginate[T any](l *Ledger, list listing, items index[T], filters []func(*T) bool) (found []*T, meta contract.Meta) {
	if len(filters) == 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		found = items.page(list.offset, list.limit)
		return found, list.meta(len(found), items.len())
	}
	total := 0
	walk(l, items, func(item *T) {
		if slices.ContainsFunc(filters, func(keep func(*T) bool) bool { return !keep(item) }) {
			return
		}
		if total >= list.offset && len(found) < list.limit {
			found = append(found, item)
		}
		total++
	})
	return found, list.meta(len(found), total)
}

func (l listing) meta(count, total int) contract.Meta {
	order := contract.MetaOrderASC
	return contract.Meta{Offset: l.offset, Limit: l.limit, Count: count, TotalCount: total, Sort: &l.sort, Order: &order}
}
