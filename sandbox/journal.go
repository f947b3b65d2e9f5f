package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

// Request is one API request that the sandbox received, with its response. In its path,
// query, header and bodies, "***" replaces access tokens, secrets of the sandbox's
// clients that have at least 8 bytes, and values whose names look like names of secrets.
type Request struct {
	// Number counts the requests from 1, in the order of their responses.
	Number uint64    `json:"number"`
	Time   time.Time `json:"time"`
	// RequestID is the upvest-request-id of the response. The effect of the request has
	// the same RequestID.
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	// Path is the escaped path as it was sent. Query is the part after the question mark.
	Path  string `json:"path"`
	Query string `json:"query"`
	// Operation is "" if no operation has the method and the path of the request.
	Operation Operation `json:"operation"`
	// ClientID is zero if the request named no known client, or if the sandbox refused
	// its path, method or body before it read the client id.
	ClientID uuid.UUID `json:"client_id"`
	// AccountIDs are the accounts that the request names in its path, query or body, and
	// those that it read or changed, sorted. A request for a list names no account unless
	// it limits the list to one account or to one rebalancing.
	AccountIDs []uuid.UUID `json:"account_ids"`
	// IdempotencyKey is in lower case with all dashes, even if the request spelled it
	// differently. An invalid key is shown as it was sent.
	IdempotencyKey string `json:"idempotency_key"`
	// Header and Body are those of the request. Body is empty if the sandbox did not read
	// the whole body, for instance because the body was too large.
	Header http.Header `json:"header"`
	Body   string      `json:"body"`

	// Status is the status of the response, and Detail is the field `detail` of an error
	// response. Status is 0 if the connection was cut before a response was sent.
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// ResourceID is the id of the resource that a successful request created, read or
	// changed. For a configuration it is the id of the account, and for a list it is
	// zero.
	ResourceID uuid.UUID `json:"resource_id"`
	// ResponseBody is the body that was sent, up to 16 KiB, without the spaces of a
	// fault's Pad. ResponseTruncated is true if the body was longer, or if a fault cut
	// it.
	ResponseBody      string `json:"response_body"`
	ResponseTruncated bool   `json:"response_truncated"`
	// Replayed is true if the response repeats the response to an earlier request with
	// the same idempotency key.
	Replayed bool `json:"replayed"`
	// Fault is true if the request had a [Fault].
	Fault bool `json:"fault"`
}

// Effect is one change that a request made. A write that changes something has exactly
// one effect. The effect of a rebalancing has the id of the execution, and names the
// accounts of all orders that the rebalancing placed. A refused request has no effect. A
// change in the status of an order as time passes is not an effect.
type Effect struct {
	// Number counts the effects from 1.
	Number uint64 `json:"number"`
	// RequestID is the upvest-request-id of the request.
	RequestID string `json:"request_id"`
	// At is the time of the change according to the sandbox's clock, in UTC.
	At time.Time `json:"at"`
	// ClientID is the API client that sent the request.
	ClientID  uuid.UUID `json:"client_id"`
	Operation Operation `json:"operation"`
	// ResourceID is the id of the resource that was created or changed. For a
	// configuration it is the id of the account.
	ResourceID uuid.UUID `json:"resource_id"`
	// AccountIDs are the accounts that were changed, sorted. AccountIDs is empty if an
	// allocation was created or changed.
	AccountIDs []uuid.UUID `json:"account_ids"`
}

// Filter selects requests or effects. If there are several filters, all must match. Two
// filters of the same kind, an unknown operation, and the zero UUID as an account are
// errors, because they are most likely mistakes of the caller. An unknown account is not
// an error.
type Filter func(f *journal.Filter, known func(Operation) bool) error

// OfOperation selects the requests or effects of an operation.
func OfOperation(operation Operation) Filter {
	return func(f *journal.Filter, known func(Operation) bool) error {
		return f.SetOperation(operation, known)
	}
}

// OfAccount selects the requests or effects that name the account.
func OfAccount(account uuid.UUID) Filter {
	return func(f *journal.Filter, _ func(Operation) bool) error { return f.SetAccount(account) }
}

// After selects the requests or effects whose number is higher than the given one.
func After(number uint64) Filter {
	return func(f *journal.Filter, _ func(Operation) bool) error { return f.SetAfter(number) }
}

func (s *Sandbox) newFilter(filters []Filter) (journal.Filter, error) {
	var f journal.Filter
	for _, set := range filters {
		if err := set(&f, s.contract.Has); err != nil {
			return f, err
		}
	}
	return f, nil
}

// Requests returns the requests that were received, in the order of their responses. The
// sandbox keeps the last 10,000 requests, or fewer if they are large: Forgotten returns
// how many it dropped. Requests returns an error for an invalid filter, see [Filter].
func (s *Sandbox) Requests(filters ...Filter) ([]Request, error) {
	f, err := s.newFilter(filters)
	if err != nil {
		return nil, fmt.Errorf("read the requests: %w", err)
	}
	found, _, _ := s.world.Load().Requests.After(f.After, -1, f.MatchesRequest)
	requests := make([]Request, len(found))
	for i, entry := range found {
		requests[i] = Request(entry)
	}
	return requests, nil
}

// Effects returns the effects in the order in which they occurred. For example, an
// account got exactly one order if OfOperation(CreateOrder) and OfAccount(account) select
// exactly one effect. The sandbox keeps the last 100,000 effects, or fewer if
// rebalancings of many accounts are among them: Forgotten returns how many it dropped.
// Effects returns an error for an invalid filter, see [Filter].
func (s *Sandbox) Effects(filters ...Filter) ([]Effect, error) {
	f, err := s.newFilter(filters)
	if err != nil {
		return nil, fmt.Errorf("read the effects: %w", err)
	}
	found, _, _ := s.world.Load().Ledger.Effects().After(f.After, -1, f.MatchesEffect)
	effects := make([]Effect, len(found))
	for i, entry := range found {
		effects[i] = Effect(entry)
	}
	return effects, nil
}

// Forgotten returns how many requests and effects the sandbox no longer keeps. It drops
// the oldest ones when there are too many, or when they take too much memory. If the
// number of dropped requests is not 0, do not rely on a count of requests. The same
// applies to effects.
func (s *Sandbox) Forgotten() (requests, effects uint64) {
	w := s.world.Load()
	_, _, requests = w.Requests.After(0, 0, func(journal.Request) bool { return true })
	_, _, effects = w.Ledger.Effects().After(0, 0, func(journal.Effect) bool { return true })
	return requests, effects
}
