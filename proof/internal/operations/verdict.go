package operations

import (
	"errors"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Verdict is the result that a call of an operation reports.
type Verdict string

// These are the verdicts. A read has the verdict Succeeded or Failed. A write can have
// any verdict except Failed.
const (
	Succeeded Verdict = "ok"
	Failed    Verdict = "error"    // a read failed
	Refused   Verdict = "refused"  // the write was not carried out
	Unknown   Verdict = "unknown"  // the write may have been carried out
	Accepted  Verdict = "accepted" // the write was carried out; its response is unusable
)

// VerdictOf returns the verdict for a call that returned err. A nil err means success.
func VerdictOf(isWrite bool, err error) Verdict {
	switch {
	case err == nil:
		return Succeeded
	case !isWrite:
		return Failed
	case errors.Is(err, upvest.ErrOutcomeUnknown):
		return Unknown
	case errors.Is(err, upvest.ErrAccepted):
		return Accepted
	}
	return Refused
}
