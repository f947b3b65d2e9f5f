package main

import (
	"bytes"
	"context"
	"sort"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// position returns how many orders the list contains, and how many of these orders the
// program can skip. It can skip the orders up to `last`, the ID of the last order in the
// file. The program cannot use the number of orders in the file instead, because orders
// may have been added to the list, or removed from the list, since the last run. The list
// is sorted by ID, so a binary search finds the position in a few requests.
func position(
	ctx context.Context, client *upvest.Client, params portfolios.ListPortfoliosOrdersParams, last uuid.UUID,
) (total, done int, err error) {
	one := int32(1)
	params.Limit = &one
	first, err := client.Orders.List(ctx, params)
	if err != nil {
		return 0, 0, err
	}
	total = first.Meta.TotalCount
	if last == uuid.Nil {
		return total, 0, nil
	}
	done = sort.Search(total, func(place int) bool {
		if err != nil {
			return true
		}
		offset := int32(place)
		params.Offset = &offset
		var page *portfolios.OrderList
		page, err = client.Orders.List(ctx, params)
		if err != nil {
			return true
		}
		return len(page.Data) == 0 || bytes.Compare(page.Data[0].ID[:], last[:]) > 0
	})
	return total, done, err
}
