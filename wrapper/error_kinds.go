package wrapper

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Outcome is what became of a write that failed.
type Outcome string

const (
	// OutcomeNone is the value for a read, which changes nothing.
	OutcomeNone Outcome = ""
	// OutcomeRefused means that this call did not carry out the write: the server refused
	// it, or it never reached the server. If the call resumed an earlier call with
	// [Error.Resume], the earlier call did not carry it out either. OutcomeRefused does
	// not cover other calls with the same idempotency key: if the outcome of such a call
	// was unknown, it stays unknown until a call with this key succeeds.
	OutcomeRefused Outcome = "refused"
	// OutcomeUnknown means that the server may have carried the write out.
	OutcomeUnknown Outcome = "unknown"
	// OutcomeAccepted means that the server accepted the write, but its response could
	// not be read.
	OutcomeAccepted Outcome = "accepted"
)

// isWorseThan reports whether an outcome ranks above the other outcome: accepted above
// unknown, and unknown above refused.
func (o Outcome) isWorseThan(other Outcome) bool {
	return outcomeRank[o] > outcomeRank[other]
}

var outcomeRank = map[Outcome]int{OutcomeRefused: 1, OutcomeUnknown: 2, OutcomeAccepted: 3}

var (
	// ErrOutcomeUnknown matches the error of a write that the server may have carried
	// out.
	ErrOutcomeUnknown = errors.New("the server may have carried out the write")
	// ErrAccepted matches the error of a write that the server accepted, but whose
	// response could not be read.
	ErrAccepted = errors.New("the server accepted the write, but its response could not be read")
	// ErrRetryBudget matches the error of a call that ended before its last allowed
	// attempt, because too many calls of the client were failing.
	ErrRetryBudget = errors.New("the client gave up: its retry budget is spent")
)

// The kinds of problem. Each matches an [Error] by its HTTP status, because Upvest writes
// the type of a problem in different forms. The error of a token request matches only
// those kinds that also apply to the call that needed the token. A 404 from the token
// endpoint, for instance, does not match ErrNotFound.
var (
	ErrBadRequest         error = statusKind(http.StatusBadRequest)
	ErrUnauthorized       error = statusKind(http.StatusUnauthorized)
	ErrForbidden          error = statusKind(http.StatusForbidden)
	ErrNotFound           error = statusKind(http.StatusNotFound)
	ErrMethodNotAllowed   error = statusKind(http.StatusMethodNotAllowed)
	ErrNotAcceptable      error = statusKind(http.StatusNotAcceptable)
	ErrConflict           error = statusKind(http.StatusConflict)
	ErrUnprocessable      error = statusKind(http.StatusUnprocessableEntity)
	ErrUpgradeRequired    error = statusKind(http.StatusUpgradeRequired)
	ErrTooManyRequests    error = statusKind(http.StatusTooManyRequests)
	ErrInternal           error = statusKind(http.StatusInternalServerError)
	ErrBadGateway         error = statusKind(http.StatusBadGateway)
	ErrServiceUnavailable error = statusKind(http.StatusServiceUnavailable)
	ErrGatewayTimeout     error = statusKind(http.StatusGatewayTimeout)
)

// statusKind is an HTTP status that serves as the target of [errors.Is].
type statusKind int

func (k statusKind) Error() string { return statusText(int(k)) }

// statusClientClosedRequest is the status with which some proxies report that a
// connection was closed before the server responded.
const statusClientClosedRequest = 499

func statusText(status int) string {
	name := cmp.Or(http.StatusText(status), cloudflare[status])
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, name))
}

// cloudflare contains the names of the statuses that Cloudflare sends if it gets no
// usable response from the server.
var cloudflare = map[int]string{
	520: "Web Server Returns An Unknown Error (Cloudflare)",
	521: "Web Server Is Down (Cloudflare)",
	522: "Connection Timed Out (Cloudflare)",
	523: "Origin Is Unreachable (Cloudflare)",
	524: "A Timeout Occurred (Cloudflare)",
	525: "SSL Handshake Failed (Cloudflare)",
	526: "Invalid SSL Certificate (Cloudflare)",
	530: "Origin DNS Error (Cloudflare)",
}

// isOfToken reports whether a status of the token endpoint also applies to the call that
// needed the token. A 404 from the token endpoint, for instance, does not mean that the
// resource was not found.
func isOfToken(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUpgradeRequired,
		http.StatusTooManyRequests:
		return true
	}
	return status >= http.StatusInternalServerError
}

// hints contains, by HTTP status, the usual causes of refusals that the response may not
// explain.
var hints = map[int]string{
	http.StatusUnauthorized: "usual causes: PrivateKey does not belong to KeyID, ClientID and ClientSecret " +
		"belong to another client or BaseURL, or the local clock is wrong; " +
		"WithSignatureBase shows what was signed",
	http.StatusForbidden: "usual cause: Credentials.Scopes lack portfolios:read for a read " +
		"or portfolios:admin for a write, or were not granted",
}
