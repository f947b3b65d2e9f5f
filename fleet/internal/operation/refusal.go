package operation

import (
	"errors"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// IsRefused reports whether an attempt certainly did not act, because the server has
// refused the request, or because the request was never sent. A refusal is a response
// with a status 4xx that is a problem document or has a request id. The error page of a
// gateway is not a refusal.
func IsRefused(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Outcome == upvest.OutcomeRefused
}

// IsDefinite reports whether an error comes from a response of the API itself instead of
// a gateway.
func IsDefinite(err error) bool {
	failure, isAPI := errors.AsType[*upvest.Error](err)
	return isAPI && failure.Status != 0 && (failure.Type != "" || failure.RequestID != "")
}
