package api

import (
	"errors"
	"regexp"

	"github.com/google/uuid"
)

// InstrumentID identifies an instrument by its ISIN or by Upvest's own UUID. In an
// allocation, instrument_id_type states which of the two forms is used. The operator ==
// compares the text: two forms of one UUID, such as upper and lower case, are not equal.
//
// A value decoded from a response is kept as the server wrote it, in any form.
//
// Source: schema of instrument_id, "One Of" on the allocations pages.
type InstrumentID string

var (
	isinPattern       = regexp.MustCompile(`^[A-Z]{2}[A-Z0-9]{9}[0-9]$`)
	upvestUUIDPattern = regexp.MustCompile(
		`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)
)

// NewISIN returns the InstrumentID for an ISIN such as "US0378331005": two letters, nine
// letters or digits, one digit, all upper case. It does not verify the check digit.
func NewISIN(isin string) (InstrumentID, error) {
	if id := InstrumentID(isin); id.IsISIN() {
		return id, nil
	}
	return "", errors.New("not an ISIN: expected 2 letters, 9 letters or digits and 1 digit, " +
		"in upper case, as in US0378331005")
}

// NewUpvestID returns the InstrumentID for Upvest's own identifier: a UUID that matches
// the documented pattern and is not the zero UUID. The pattern allows the versions 0 to
// 5, and 0, 8, 9, a or b at the beginning of the fourth group.
func NewUpvestID(id uuid.UUID) (InstrumentID, error) {
	if upvest := InstrumentID(id.String()); id != uuid.Nil && upvest.IsUpvestID() {
		return upvest, nil
	}
	return "", errors.New("not an Upvest instrument identifier: " +
		"expected a UUID of version 0 to 5 whose fourth group begins with 0, 8, 9, a or b, " +
		"other than the zero UUID")
}

// IsISIN reports whether the identifier has the form of an ISIN.
func (id InstrumentID) IsISIN() bool { return isinPattern.MatchString(string(id)) }

// IsUpvestID reports whether the identifier has the form of an Upvest UUID.
func (id InstrumentID) IsUpvestID() bool { return upvestUUIDPattern.MatchString(string(id)) }
