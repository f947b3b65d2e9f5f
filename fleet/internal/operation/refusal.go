package operation

import (
	"errors"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// IsRefused reports whether an attempt certainly did not act, because the server refused
// it or it was never sent. A response that is neither a problem document nor has a
// request id, such as a gateway's page, is not a refusal.
func IsRefused(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Outcome == upvest.OutcomeRefused
}

// IsDefinite reports whether the error of a read is a response of the API itself, and not
// of a gateway.
func IsDefinite(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Status != 0 && (failure.Type != "" || failure.RequestID != "")
}
