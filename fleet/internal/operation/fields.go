package operation

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

var idPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`,
)

// ParseID parses an id in the API's form: 36 characters, four of which are hyphens. It
// refuses the id that consists of zeros.
func ParseID(text string) (uuid.UUID, error) {
	if !idPattern.MatchString(text) {
		return uuid.Nil, fmt.Errorf("%s is not a UUID", Quote(text))
	}
	id, err := uuid.Parse(text)
	if err == nil && id == uuid.Nil {
		err = errors.New("the UUID consists of zeros")
	}
	return id, err
}

// Quote quotes at most 60 characters of input, for a message.
func Quote(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q…", string(runes[:most]))
}

// problems collects descriptions of everything that is wrong with a line.
type problems []string

func (p *problems) expectf(isSo bool, format string, arguments ...any) {
	if !isSo {
		*p = append(*p, fmt.Sprintf(format, arguments...))
	}
}

func (p *problems) expectID(name, text string) {
	_, err := ParseID(text)
	p.expectf(err == nil, "%s: %v", name, err)
}

func (p *problems) expectAmount(text string) {
	_, err := api.NewAmount(text)
	if err != nil && strings.Contains(text, ",") {
		p.expectf(
			false,
			"amount %s has a comma, which is ambiguous: write a point before the decimals",
			Quote(text),
		)
		return
	}
	p.expectf(
		err == nil,
		"amount %s is not a number of up to 63 digits and 27 decimals after a point",
		Quote(text),
	)
	sign, _ := api.Decimal(text).Sign()
	p.expectf(err != nil || sign > 0, "amount %s is not greater than 0", Quote(text))
}

func (p *problems) err() error {
	if len(*p) == 0 {
		return nil
	}
	return errors.New(strings.Join(*p, "; "))
}

// sameID reports whether two ids are equal, regardless of the case of their digits.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }

// mustID parses an id that [ParseID] has already accepted.
func mustID(text string) uuid.UUID {
	id, _ := uuid.Parse(text)
	return id
}
