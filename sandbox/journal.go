package sandbox

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
)

// Request is one request that the sandbox received. It holds no secret and no access
// token: the authorization header is masked, and the body of a token request is left out.
type Request struct {
	// Number counts the requests from 1, in the order of their responses.
	Number uint64    `json:"number"`
	Time   time.Time `json:"time"`
	// RequestID is the upvest-request-id of the response.
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	// Path is the path as it was sent, escaped. Query is what followed the question mark.
	Path  string `json:"path"`
	Query string `json:"query"`
	// Operation is the operationId, "token" for the token endpoint, and empty if the
	// request reached no operation.
	Operation string `json:"operation"`
	// ClientID is zero if the client is not known.
	ClientID uuid.UUID `json:"client_id"`
	// AccountID is the account that the path, the query or the body names, zero for none.
	AccountID      uuid.UUID `json:"account_id"`
	IdempotencyKey string    `json:"idempotency_key"`
	// Header and Body are what was sent. The body is empty if it was not read.
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
	// Status is the status of the response, and Detail the detail of an error. Status is
	// 0 if the connection was cut before a response was sent.
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Replayed is true if the response is the kept one of an earlier request with the
	// same idempotency key.
	Replayed bool `json:"replayed"`
	// Fault is true if a Fault changed the response.
	Fault bool `json:"fault"`
}

// Effect is one change that a request made. Transitions of orders with the clock are no
// effects, and a refused request makes none. A request makes one effect: a rebalancing
// has the id of its execution, regardless of how many orders it placed.
type Effect struct {
	// Number counts the effects from 1.
	Number uint64 `json:"number"`
	// At is the time by the sandbox's clock, in UTC.
	At time.Time `json:"at"`
	// ClientID is the API client that called.
	ClientID uuid.UUID `json:"client_id"`
	// Operation is the operationId of openapi.yaml, such as "create_portfolios_order".
	Operation string `json:"operation"`
	// Resource is the id of what was made or changed. For a configuration it is the
	// account.
	Resource uuid.UUID `json:"resource"`
	// AccountID is the account of the resource. It is zero for an allocation and a
	// rebalancing.
	AccountID uuid.UUID `json:"account_id"`
}

// Filter selects requests or effects. Of several filters, all must match.
type Filter func(*journal.Filter)

// OfOperation selects those of an operationId, or of TokenOperation.
func OfOperation(operation string) Filter {
	return func(f *journal.Filter) { f.Operation = operation }
}

// OfAccount selects those that name the account.
func OfAccount(account uuid.UUID) Filter {
	return func(f *journal.Filter) { f.AccountID = account }
}

// After selects those with a higher number.
func After(number uint64) Filter {
	return func(f *journal.Filter) { f.After = number }
}

func newFilter(filters []Filter) journal.Filter {
	var f journal.Filter
	for _, set := range filters {
		set(&f)
	}
	return f
}

// Requests returns the requests that were received, in the order of their responses. The
// last 10,000 are kept, or fewer when they are large: Forgotten returns how many were
// dropped.
func (s *Sandbox) Requests(filters ...Filter) []Request {
	f := newFilter(filters)
	found, _, _ := s.world.Load().Requests.After(f.After, -1, func(entry journal.Request) bool {
		return f.Matches(entry.Operation, entry.AccountID)
	})
	requests := make([]Request, len(found))
	for i, entry := range found {
		requests[i] = Request(entry)
	}
	return requests
}

// Effects returns what changed since the start, in order. "Exactly one order of this
// account" is proven by a single effect that is OfOperation("create_portfolios_order")
// and OfAccount(account). The last 100,000 are kept: Forgotten returns how many were
// dropped.
func (s *Sandbox) Effects(filters ...Filter) []Effect {
	f := newFilter(filters)
	found, _, _ := s.world.Load().Ledger.Effects().After(f.After, -1, func(entry journal.Effect) bool {
		return f.Matches(entry.Operation, entry.AccountID)
	})
	effects := make([]Effect, len(found))
	for i, entry := range found {
		effects[i] = Effect(entry)
	}
	return effects
}

// Forgotten returns how many requests and effects were dropped, because there were too
// many. If it is not 0, a count of requests or effects proves nothing.
func (s *Sandbox) Forgotten() (requests, effects uint64) {
	w := s.world.Load()
	_, _, requests = w.Requests.After(0, 0, func(journal.Request) bool { return true })
	_, _, effects = w.Ledger.Effects().After(0, 0, func(journal.Effect) bool { return true })
	return requests, effects
}
