package wrapper

import (
	"errors"
	"time"
)

func orDefault[T any](value *T, otherwise T) *T {
	if value == nil {
		return &otherwise
	}
	return value
}

// wholeSeconds says a range of time in the form that the API documents, UTC and without fractions: a range with fractions becomes wider.
func wholeSeconds(start, end *time.Time) (from, to *time.Time) {
	if start != nil {
		whole := start.UTC().Truncate(time.Second)
		from = &whole
	}
	if end != nil {
		whole := end.UTC().Add(time.Second - 1).Truncate(time.Second)
		to = &whole
	}
	return from, to
}

func checkPage(offset, limit *int32) error {
	return errors.Join(
		orError(offset == nil || *offset >= 0, "offset is negative: use 0 for the beginning of the list"),
		orError(limit == nil || *limit >= 0 && *limit <= 1000, "limit is out of range: use 0 to 1000"))
}
