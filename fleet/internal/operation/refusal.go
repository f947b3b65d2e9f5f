package operation

import (
	"errors"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// IsRefused reports whether an attempt certainly did not act: the server refused it, or
// it was never sent. It follows the outcome of the client, and asks for evidence that a
// refusal comes from the API and not from a gateway: a problem document or a request id.
func IsRefused(err error) bool {
	var failure *upvest.Error
	if !errors.As(err, &failure) || failure.Outcome != upvest.OutcomeRefused {
		return false
	}
	return failure.Status == 0 || IsDefinite(err)
}

// IsDefinite reports whether an error is a response of the API itself, and not of
// something in between.
func IsDefinite(err error) bool {
	var failure *upvest.Error
	return errors.As(err, &failure) && failure.Status != 0 && (failure.Type != "" || failure.RequestID != "")
}
