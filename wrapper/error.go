package wrapper

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// Error is the failure of a call. Its text names what was tried and what came back, in one line, without body and secrets; its fields
// keep everything that was received. errors.Is(err, [ErrNotFound]) and its like ask for the HTTP status, [ErrOutcomeUnknown] and
// [ErrAccepted] for what became of a write; errors.Is and errors.As also reach Err.
//
// Source: docs.upvest.co, "Errors", and the problem schema of each operation.
type Error struct {
	// Operation is Upvest's operationId, for instance create_portfolios_order, or "token" for the token endpoint.
	Operation string
	// Status is the HTTP status of the last answer, 0 if there was none.
	Status int
	// Type is the kind of problem, a URL or a bare word. Upvest changes it more freely than Status.
	Type string
	// Title is the kind of problem in words.
	Title string
	// Detail says what went wrong this time (detail, or details where the server writes that).
	Detail string
	// Instance is a URI of this one problem.
	Instance string
	// RequestID is what Upvest's support asks for: upvest-request-id, or request_id of the body.
	RequestID string
	// CFRay is the Cf-Ray header of Cloudflare, which answers in Upvest's place when it cannot reach it.
	CFRay string
	// Members are the members of the problem that have no field here, by name.
	Members map[string]json.RawMessage `json:"-"`
	// Body is the body of the last answer as received, up to the limit of 32 MiB.
	Body []byte `json:"-"`
	// Outcome says whether a write was carried out. Reads have none.
	Outcome Outcome
	// IdempotencyKey is the key that every attempt of a POST or PATCH carried: repeat the call with it, see [Error.Resume].
	IdempotencyKey uuid.UUID `json:"-"`
	// Attempts are the tries of this call in order, the last with what kept it from being sent, if that is what ended the call.
	Attempts []Attempt
	// Err is the cause: a network or context error, what is wrong with the body or the arguments, or the *Error of the token request if no
	// token was to be had. It is nil if the server refused.
	Err error `json:"-"`
}

// Outcome says what became of a write that failed.
type Outcome string

const (
	// OutcomeNone is that of a read.
	OutcomeNone Outcome = ""
	// OutcomeRefused means that this call did not carry out the write: the server refused it, or it never left. It says nothing of an
	// earlier call with the same idempotency key: if that one's outcome was unknown, it still is, until a repetition succeeds.
	OutcomeRefused Outcome = "refused"
	// OutcomeUnknown means that the server may have carried the write out.
	OutcomeUnknown Outcome = "unknown"
	// OutcomeAccepted means that the server accepted the write, but its answer could not be read.
	OutcomeAccepted Outcome = "accepted"
)

var (
	// ErrOutcomeUnknown is matched by the error of a write that the server may have carried out.
	ErrOutcomeUnknown = errors.New("the server may have carried out the write")
	// ErrAccepted is matched by the error of a write that the server accepted with an answer that could not be read.
	ErrAccepted = errors.New("the server accepted the write, but its answer could not be read")
	// ErrRetryBudget is matched when the client gave up before its last attempt, because too many of its calls were failing.
	ErrRetryBudget = errors.New("the client gave up: its retry budget is spent")
)

// The kinds of problem, by HTTP status, whatever the type of the problem says.
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

type statusKind int

func (k statusKind) Error() string { return statusText(int(k)) }

// statusClientClosedRequest is how some proxies say that they gave up on the server.
const statusClientClosedRequest = 499

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// Is matches the kinds above.
func (e *Error) Is(target error) bool {
	if kind, ok := target.(statusKind); ok {
		return int(kind) == e.Status && (e.Operation != tokenOperation.id || isOfToken(e.Status))
	}
	return target == ErrOutcomeUnknown && e.Outcome == OutcomeUnknown || target == ErrAccepted && e.Outcome == OutcomeAccepted
}

// isOfToken reports whether a status of the token endpoint says the same of the call that wanted the token. A 404 there must not pass for
// one of the resource.
func isOfToken(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUpgradeRequired, http.StatusTooManyRequests:
		return true
	}
	return status >= http.StatusInternalServerError
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Resume is the option with which the same call, given the same arguments, takes up a write whose outcome is unknown: a POST or PATCH goes
// out with its idempotency key, so that it does not happen twice; a PUT or DELETE means the same however often it comes, and takes none.
func (e *Error) Resume() CallOption {
	return callOption(func(s *settings) error {
		s.key = e.IdempotencyKey
		return nil
	})
}

// Error says in one line what was tried and what came back.
func (e *Error) Error() string {
	parts := []string{e.Operation}
	if e.Status != 0 {
		parts = append(parts, statusText(e.Status))
	}
	for _, text := range []string{e.Title, e.Detail} {
		if text != "" && text != http.StatusText(e.Status) {
			parts = append(parts, wire.Line(text))
		}
	}
	if e.Err != nil {
		parts = append(parts, wire.Line(strings.ReplaceAll(e.Err.Error(), "\n", "; "))) // errors.Join puts each on a line of its own
	}
	switch e.Outcome {
	case OutcomeUnknown:
		parts = append(parts, ErrOutcomeUnknown.Error())
	case OutcomeAccepted:
		parts = append(parts, ErrAccepted.Error())
	}
	text := strings.Join(parts, ": ")
	if hint := hints[e.Status]; hint != "" {
		text += " (" + hint + ")"
	}
	if tries := len(e.Attempts); tries > 1 {
		text += fmt.Sprintf(" (%d attempts)", tries)
	}
	if id := wire.Line(e.RequestID); id != "" && !strings.Contains(text, id) { // an error of the token says it itself
		text += " [request " + id + "]"
	}
	return text
}

// hints say what usually causes a refusal whose answer may say nothing.
var hints = map[int]string{
	http.StatusUnauthorized: "usual causes: PrivateKey is not the one of KeyID, ClientID and ClientSecret are of another client or BaseURL, " +
		"the local clock is off; WithSignatureBase shows what was signed",
	http.StatusForbidden: "usual cause: Credentials.Scopes lack portfolios:read for a read or portfolios:admin for a write, or were not granted",
}

// Format prints Error() whatever the verb, so that %+v and %#v show no body.
func (e Error) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, e.Error()) }

// add takes in an attempt that failed. Of the answers it keeps the last, but nothing takes the place of an acceptance.
func (e *Error) add(r result) {
	e.Attempts = append(e.Attempts, r.Attempt)
	if e.Outcome == OutcomeAccepted {
		return
	}
	e.Err = r.Err
	if e.Outcome != OutcomeNone && r.outcome != OutcomeRefused {
		e.Outcome = r.outcome
	}
	if r.answer == nil {
		var token *Error
		if errors.As(r.Err, &token) && e.RequestID == "" {
			e.RequestID, e.CFRay = token.RequestID, token.CFRay
		}
		return
	}
	e.Status, e.RequestID, e.CFRay, e.Body = r.Status, r.RequestID, r.answer.Header.Get("Cf-Ray"), r.answer.Body
	var said wire.Problem
	if r.Status/100 != 2 {
		said = wire.ReadProblem(wire.TrimMark(r.answer.Body), r.Status)
	}
	e.Type, e.Title, e.Detail, e.Instance, e.Members = said.Type, said.Title, said.Detail, said.Instance, said.Members
	e.RequestID = cmp.Or(e.RequestID, said.RequestID)
	for _, text := range []*string{&e.Type, &e.Title, &e.Detail, &e.Instance, &e.RequestID, &e.CFRay} {
		*text = r.echo.Hide(*text)
	}
}

// endWaiting says that the attempt that was announced did not come.
func (e *Error) endWaiting(reason error) {
	last := &e.Attempts[len(e.Attempts)-1]
	last.Retry, last.Wait = "", 0
	e.because(fmt.Errorf("wait before the next attempt: %w", reason))
}

// because adds why there is no further attempt.
func (e *Error) because(reason error) {
	switch {
	case reason == nil || errors.Is(e.Err, reason):
	case e.Err == nil:
		e.Err = reason
	default:
		e.Err = fmt.Errorf("%w; %w", e.Err, reason)
	}
}
