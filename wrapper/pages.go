package wrapper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/pager"
)

// defaultLimit is the documented number of rows of a page for which no other is asked.
const defaultLimit int32 = 100

// orderDescending is not documented, but it would be what its name says.
const orderDescending portfolios.ListOrder = "DESC"

// ErrListUnreadable is the error of a list that cannot be read to its end with every row exactly once: the server repeats rows, ignores
// the offset, changes the list faster than it can be read, or changes it while its rows are not in the order that was asked for.
var ErrListUnreadable = errors.New("the list cannot be read completely")

// listing is what All of a service reads: where, in which order, and how to get a page.
type listing[T any] struct {
	offset, limit *int32
	order         *portfolios.ListOrder
	byID          bool
	fetch         func(ctx context.Context, offset, limit int32, options []CallOption) ([]T, portfolios.Meta, error)
	id            func(T) uuid.UUID
}

func (l listing[T]) all(ctx context.Context, options []AllOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := l.read(ctx, options, func(row T) bool { return yield(row, nil) }); err != nil {
			yield(*new(T), err)
		}
	}
}

func (l listing[T]) read(ctx context.Context, options []AllOption, emit func(T) bool) error {
	var chosen allSettings
	for _, option := range options {
		if option == nil {
			return errors.New("read a list: an option is nil")
		}
		if err := option.applyToAll(&chosen); err != nil {
			return fmt.Errorf("read a list: %w", err)
		}
	}
	offset, limit := *orDefault(l.offset, 0), *orDefault(l.limit, defaultLimit)
	switch {
	case ctx == nil:
		return fmt.Errorf("read a list: %w", errNoContext)
	case offset < 0 || limit < 1:
		return errors.New("read a list: use an offset of at least 0 and a limit of at least 1")
	}
	order := 0
	if l.byID {
		order = map[portfolios.ListOrder]int{portfolios.ListOrderASC: 1, orderDescending: -1}[*orDefault(l.order, portfolios.ListOrderASC)]
	}
	return pager.List[T]{
		Fetch: func(ctx context.Context, offset, limit int32, turn func(context.Context)) (pager.Page[T], error) {
			inTurn := callOption(func(s *settings) error { s.turn = turn; return nil })
			rows, meta, err := l.fetch(ctx, offset, limit, append(slices.Clone(chosen.calls), inTurn))
			return pager.Page[T]{Rows: rows, Limit: meta.Limit, Total: meta.TotalCount}, err
		},
		ID: l.id, Order: order, Limit: max(limit, 2), Ahead: chosen.ahead, Unreadable: ErrListUnreadable,
	}.Read(ctx, offset, emit)
}

func orDefault[T any](value *T, otherwise T) *T {
	if value == nil {
		return &otherwise
	}
	return value
}
