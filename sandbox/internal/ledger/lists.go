package ledger

import (
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// listing holds the parameters of a list operation. Its methods read the parameters that
// several list operations share, and store the first error.
//
// Source: the query parameters of the list operations. start_date is documented as
// inclusive. Choices: end_date is inclusive too. Both dates are compared with
// `created_at`, and can have any offset from UTC that RFC 3339 allows. A limit of 0
// returns an empty page with the total count. If `sort` and `order` are missing, their
// only documented values apply.
type listing struct {
	sort          string
	offset, limit int
	from, to      *time.Time
	err           error
}

// newListing reads the parameters `sort` and `order`. The argument sort is the only value
// that the parameter `sort` can have.
func newListing[S ~string](sort string, by *S, order *contract.ListOrder) *listing {
	l := &listing{sort: sort, limit: defaultLimit}
	if by != nil && string(*by) != sort {
		l.fail(invalid("sort", "expected %s", sort))
	}
	if order != nil && *order != contract.ListOrderASC {
		l.fail(invalid("order", "expected ASC"))
	}
	return l
}

// page reads offset and limit.
func (l *listing) page(offset, limit *int32) *listing {
	if offset != nil {
		if *offset < 0 {
			l.fail(invalid("offset", "expected 0 or more, got %d", *offset))
		}
		l.offset = int(*offset)
	}
	if limit != nil {
		if *limit < 0 || *limit > maxLimit {
			l.fail(invalid("limit", "expected 0 to %d, got %d", maxLimit, *limit))
		}
		l.limit = int(*limit)
	}
	return l
}

// between reads start_date and end_date.
func (l *listing) between(from, to *string) *listing {
	l.from = l.date("start_date", from)
	l.to = l.date("end_date", to)
	return l
}

func (l *listing) checked() (*listing, error) { return l, l.err }

func (l *listing) date(field string, text *string) *time.Time {
	if text == nil {
		return nil
	}
	at, err := strict.Time(*text)
	if err != nil {
		l.fail(invalid(field, "expected a time in the format of RFC 3339, such as 2022-10-14T00:00:00Z"))
	}
	return &at
}

func (l *listing) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// readID reads a value that openapi.yaml declares as a plain string although it must be
// an id.
func readID(field string, text string) (uuid.UUID, error) {
	id, err := strict.UUID(text)
	if err != nil {
		return uuid.Nil, invalid(field, "expected a UUID such as 3ada8e9e-82c4-4c78-a43d-a691b1636509")
	}
	return id, nil
}

// createdBetween returns the filters for `start_date` and `end_date`, or no filters if
// neither was sent.
func createdBetween[T any](l *listing, created func(*T) time.Time) []func(*T) bool {
	var filters []func(*T) bool
	if l.from != nil {
		filters = append(filters, func(item *T) bool { return !created(item).Before(*l.from) })
	}
	if l.to != nil {
		filters = append(filters, func(item *T) bool { return !created(item).After(*l.to) })
	}
	return filters
}

// paginate returns a page of the items that pass every filter, and the metadata of the
// page. Without filters, its run time depends on the length of the page. With filters,
// its run time depends on the total number of items.
func paginate[T any](
	l *Ledger, list *listing, items index[T], filters []func(*T) bool,
) ([]*T, contract.Meta) {
	if len(filters) == 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		found := items.page(list.offset, list.limit)
		return found, list.meta(len(found), items.len())
	}
	var found []*T
	total := 0
	walk(l, items, func(item *T) {
		for _, keep := range filters {
			if !keep(item) {
				return
			}
		}
		if total >= list.offset && len(found) < list.limit {
			found = append(found, item)
		}
		total++
	})
	return found, list.meta(len(found), total)
}

func (l *listing) meta(count, total int) contract.Meta {
	order := contract.MetaOrderASC
	return contract.Meta{
		Offset: l.offset, Limit: l.limit, Count: count, TotalCount: total, Sort: &l.sort, Order: &order,
	}
}
