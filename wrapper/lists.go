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

// inUTC says the same instant in the zone that the API documents.
func inUTC(instant *time.Time) *time.Time {
	if instant == nil {
		return nil
	}
	utc := instant.UTC()
	return &utc
}

func checkPage(offset, limit *int32) error {
	return errors.Join(
		orError(offset == nil || *offset >= 0, "offset is negative: use 0 for the beginning of the list"),
		orError(limit == nil || *limit >= 0 && *limit <= 1000, "limit is out of range: use 0 to 1000"))
}
