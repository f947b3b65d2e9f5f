package strict

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// timePattern is needed because [time.Parse] also accepts a comma before the fraction, an
// hour with only one digit, and the offset +24:00.
var timePattern = regexp.MustCompile(
	`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// Time reads a time in the format of RFC 3339. The time can have any offset from UTC, and
// its letters can be in upper or lower case.
func Time(text string) (time.Time, error) {
	text = strings.ToUpper(text)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !timePattern.MatchString(text) {
		return at, errors.New("expected a time in the format of RFC 3339, such as 2022-10-14T00:00:00Z")
	}
	return at, nil
}
