package api

import (
	"errors"
	"regexp"

	"github.com/google/uuid"
)

// InstrumentID identifies an instrument by its ISIN or by Upvest's own UUID. In requests,
// instrument_id_type states which of the two forms is used. Compare two values with ==.
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

// NewUpvestID returns the InstrumentID for Upvest's own identifier, a UUID of version 0
// to 5 other than the zero UUID.
func NewUpvestID(id uuid.UUID) (InstrumentID, error) {
	if upvest := InstrumentID(id.String()); id != uuid.Nil && upvest.IsUpvestID() {
		return upvest, nil
	}
	return "", errors.New("not an Upvest instrument identifier: " +
		"expected a UUID of version 0 to 5 other than the zero UUID")
}

// IsISIN reports whether the identifier has the form of an ISIN.
func (id InstrumentID) IsISIN() bool { return isinPattern.MatchString(string(id)) }

// IsUpvestID reports whether the identifier has the form of an Upvest UUID.
func (id InstrumentID) IsUpvestID() bool { return upvestUUIDPattern.MatchString(string(id)) }
