package operation

import (
	"errors"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// IsRefused reports whether an attempt certainly did not act: the server refused it, or
// it was never sent. The client decides: a response that is neither a problem document
// nor carries a request id, such as a gateway's page, refuses nothing.
func IsRefused(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Outcome == upvest.OutcomeRefused
}

// IsDefinite reports whether the error of a read is a response of the API itself, and not
// of something in between.
func IsDefinite(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Status != 0 && (failure.Type != "" || failure.RequestID != "")
}
