package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// orderList serves a list of orders page by page, sorted by ID. Its field rows is the
// number of orders.
type orderList struct {
	rows      int
	roundTrip time.Duration
	// prepared contains pages by offset. The benchmark makes these pages in advance,
	// because a real server runs on a different machine and does not use the client's
	// processors.
	prepared map[int]string
}

func (l orderList) transport() http.RoundTripper {
	return grantingTokens(func(req *http.Request) (*http.Response, error) {
		query := req.URL.Query()
		offset, offsetErr := strconv.Atoi(query.Get("offset"))
		limit, limitErr := strconv.Atoi(query.Get("limit"))
		if err := errors.Join(offsetErr, limitErr); err != nil {
			return nil, err
		}
		timer := time.NewTimer(l.roundTrip)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
		page, isPrepared := l.prepared[offset]
		if !isPrepared {
			page = orderPage(offset, limit, l.rows)
		}
		return newResponse(http.StatusOK, "application/json", page), nil
	})
}

// orderPage returns a page in the documented form. Each order of the page has one
// individual order.
func orderPage(offset, limit, total int) string {
	const row = `{"id":"########-5dfe-4bf1-8571-4da0caacc80c",` +
		`"account_id":"debf2026-f2da-4ff0-bb84-92e45babb1e3",` +
		`"allocation_id":"eb68abce-29f4-483f-a384-7f243e77851f",` +
		`"user_id":"a3ba5a52-4b3f-4d27-a3e4-7e0d1ad1a1f3",` +
		`"cash_amount":"100.00","created_at":"2021-07-21T14:10:00.000Z","currency":"EUR",` +
		`"orders":[{"id":"b291d8a4-21f5-4c52-8590-4f90ce54d0b1","side":"BUY","status":"NEW"}],` +
		`"post_tax":false,"status":"NEW","type":"BUY","updated_at":"2021-07-21T14:10:00.000Z"}`
	const meta = `{"meta":{"offset":%d,"limit":%d,"count":%d,"total_count":%d,` +
		`"sort":"id","order":"ASC"},"data":[`
	before, after, _ := strings.Cut(row, "########")
	count := max(min(limit, total-offset), 0)
	var page strings.Builder
	page.Grow(count*(len(row)+1) + 200)
	fmt.Fprintf(&page, meta, offset, limit, count, total)
	for i := range count {
		if i > 0 {
			page.WriteByte(',')
		}
		page.WriteString(before)
		fmt.Fprintf(&page, "%08x", offset+i)
		page.WriteString(after)
	}
	page.WriteString("]}")
	return page.String()
}

// readAll reads all orders in pages of 1000. After each row, it calls the function each
// with the number of rows read so far.
func readAll(
	ctx context.Context, client *upvest.Client, each func(read int), options ...upvest.AllOption,
) error {
	limit := int32(1000)
	params := portfolios.ListPortfoliosOrdersParams{Limit: &limit}
	read := 0
	for _, err := range client.Orders.All(ctx, params, options...) {
		if err != nil {
			return err
		}
		read++
		each(read)
	}
	return nil
}
