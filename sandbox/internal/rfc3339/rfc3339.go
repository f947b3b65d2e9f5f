// Package rfc3339 reads times in no other form than that of RFC 3339.
package rfc3339

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// time.Parse takes a comma before the fraction, an hour of one digit, and +24:00.
var pattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// Parse reads a time with any offset from UTC.
func Parse(text string) (time.Time, error) {
	text = strings.ToUpper(text)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !pattern.MatchString(text) {
		return at, errors.New("expected a time as in RFC 3339, such as 2022-10-14T00:00:00Z")
	}
	return at, nil
}
