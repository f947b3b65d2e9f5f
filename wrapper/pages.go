package wrapper

import (
	"context"
	"errors"
	"fmt"
	"iter"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/pager"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// defaultLimit is the documented number of rows per page if the request sets no limit.
const defaultLimit int32 = 100

// orderDescending is not documented, but its meaning is clear if a server accepts it.
const orderDescending portfolios.ListOrder = "DESC"

// ErrListUnreadable is the error of the method All if it finds that it cannot deliver
// every row exactly once. For instance, the server repeats rows, ignores the offset, or
// does not keep the rows in the requested order.
var ErrListUnreadable = errors.New("the list cannot be read completely")

// WithPagesAhead requests up to the given number of further pages, at most 16, while the
// caller handles one page. It changes neither the order of the rows nor the guarantees.
func WithPagesAhead(pages int) AllOption {
	return allOption(func(r *reading) error {
		r.ahead = pages
		return validate.Unless(pages >= 0 && pages <= 16, "pages ahead: use 0 to 16")
	})
}

// query holds the parameters with which the methods List and All of a service read a
// list.
type query[Row, Page any] struct {
	core          *core
	listing       listing[Row, Page]
	offset, limit *int32
	order         *portfolios.ListOrder
	sortedByID    bool
	// send sends the request of one page.
	send func(offset, limit *int32) sendFunc
}

// page requests one page, with the query's offset and limit.
func (q query[Row, Page]) page(ctx context.Context, options []CallOption) (*Page, error) {
	var page *Page
	offset := *orDefault(q.offset, 0)
	args := arguments{
		invalid: validate.Page(q.offset, q.limit),
		send:    q.send(q.offset, q.limit),
		options: options,
	}
	err := q.core.call(ctx, q.listing.operation, args, func(response *Response) error {
		page = new(Page)
		return decode(response.Body, page, int(offset))
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// all reads the list from the query's offset to the end.
func (q query[Row, Page]) all(ctx context.Context, options []AllOption) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := q.read(ctx, options, func(row Row) bool { return yield(row, nil) })
		if err != nil {
			yield(*new(Row), err)
		}
	}
}

func (q query[Row, Page]) read(ctx context.Context, options []AllOption, emit func(Row) bool) error {
	reading, err := readingWith(options)
	if err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	if ctx == nil {
		return fmt.Errorf("read a list: %w", errNoContext)
	}
	offset := *orDefault(q.offset, 0)
	limit := *q.limit
	if offset < 0 || limit < 1 {
		return errors.New("read a list: use an offset of at least 0 and a limit of at least 1")
	}
	list := pager.List[Row]{
		Fetch:      q.fetcher(reading.calls),
		ID:         q.listing.row,
		Order:      q.direction(),
		Limit:      max(limit, 2),
		Ahead:      reading.ahead,
		Unreadable: ErrListUnreadable,
	}
	return list.Read(ctx, offset, emit)
}

// fetcher returns the function that requests a page for the pager. If a row cannot be
// read, the function returns the rows before that row together with the error.
func (q query[Row, Page]) fetcher(options []CallOption) pager.Fetch[Row] {
	return func(ctx context.Context, offset, limit int32, wait func()) (pager.Page[Row], error) {
		page := new(Page)
		args := arguments{
			invalid: validate.Page(&offset, &limit),
			send:    q.send(&offset, &limit),
			options: options,
		}
		err := q.core.call(ctx, q.listing.operation, args, func(response *Response) error {
			wait()
			page = new(Page)
			return decode(response.Body, page, int(offset))
		})
		if _, ok := errors.AsType[*FieldError](err); err != nil && !ok {
			return pager.Page[Row]{}, err
		}
		rows, meta := q.listing.rows(page)
		return pager.Page[Row]{Rows: rows, Limit: meta.Limit, Total: meta.TotalCount}, err
	}
}

// direction returns 1 for rows in the order of ascending IDs, -1 for descending IDs, and
// 0 for any other order.
func (q query[Row, Page]) direction() int {
	switch {
	case !q.sortedByID:
		return 0
	case *q.order == portfolios.ListOrderASC:
		return 1
	case *q.order == orderDescending:
		return -1
	}
	return 0
}
