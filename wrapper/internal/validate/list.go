package validate

import (
	"errors"
	"time"
)

// WholeSeconds returns a range of time in the form that the API documents: in UTC and
// without fractions of a second. If the start or the end has a fraction, the range
// becomes wider.
func WholeSeconds(start, end *time.Time) (from, to *time.Time) {
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

// Page refuses an offset or a limit that is outside the documented range.
func Page(offset, limit *int32) error {
	var problems []error
	if offset != nil && *offset < 0 {
		problems = append(problems, errors.New("offset is negative: use 0 for the beginning of the list"))
	}
	if limit != nil && (*limit < 0 || *limit > 1000) {
		problems = append(problems, errors.New("limit is out of range: use 0 to 1000"))
	}
	return errors.Join(problems...)
}
