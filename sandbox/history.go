package sandbox

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// Request is one request that the sandbox saw. It holds no secret and no access token: what authorization holds is masked, and the body of a
// token request is left out.
type Request struct {
	// Number counts the requests from 1, in the order in which they were answered.
	Number uint64    `json:"number"`
	Time   time.Time `json:"time"`
	// RequestID is the upvest-request-id of the answer.
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	// Path is as it was sent, escaped, and Query is what came after the question mark.
	Path  string `json:"path"`
	Query string `json:"query"`
	// Operation is the operationId, "token" for the token endpoint, and empty when the request reached no operation.
	Operation string `json:"operation"`
	// ClientID is the zero UUID when the client is not known.
	ClientID uuid.UUID `json:"client_id"`
	// AccountID is the account that the path, the query or the body names, the zero UUID for none.
	AccountID      uuid.UUID `json:"account_id"`
	IdempotencyKey string    `json:"idempotency_key"`
	// Header and Body are what was sent. The body is empty when it was not read.
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
	// Status is the status of the answer, and Detail why it is an error. Status is 0 when the connection was cut before an answer was sent.
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Replayed says that the answer is the kept one of an earlier request with the same idempotency key.
	Replayed bool `json:"replayed"`
	// Fault says that a Fault changed what came back.
	Fault bool `json:"fault"`
}

// Effect is one change that a request made. What the clock does to orders is none, nor is a request that was refused. A request makes one
// effect: a rebalancing has the id of its execution, however many orders it placed.
type Effect struct {
	// Number counts the effects from 1.
	Number uint64 `json:"number"`
	// At is when, by the sandbox's clock, in UTC.
	At time.Time `json:"at"`
	// ClientID is the API client that called.
	ClientID uuid.UUID `json:"client_id"`
	// Operation is the operationId of openapi.yaml, such as "create_portfolios_order".
	Operation string `json:"operation"`
	// Resource is the id of what was made or changed; for a configuration its account.
	Resource uuid.UUID `json:"resource"`
	// AccountID is the account of it, the zero UUID for an allocation and for a rebalancing.
	AccountID uuid.UUID `json:"account_id"`
}

// Filter says which requests or effects are wanted. Several have to be met together.
type Filter func(*filter)

type filter struct {
	operation string
	account   uuid.UUID
	after     uint64
}

// OfOperation wants those of an operationId, or of TokenOperation.
func OfOperation(operation string) Filter { return func(f *filter) { f.operation = operation } }

// OfAccount wants those that name the account.
func OfAccount(account uuid.UUID) Filter { return func(f *filter) { f.account = account } }

// After wants those with a higher number.
func After(number uint64) Filter { return func(f *filter) { f.after = number } }

func newFilter(filters []Filter) (f filter) {
	for _, set := range filters {
		set(&f)
	}
	return f
}

func (f filter) matches(operation string, account uuid.UUID) bool {
	return (f.operation == "" || f.operation == operation) && (f.account == uuid.Nil || f.account == account)
}

// Requests returns the requests that were seen, in the order in which they were answered. The last 10,000 are remembered, or fewer when they
// are large: Forgotten says how many were dropped.
func (s *Sandbox) Requests(filters ...Filter) []Request {
	found, _, _ := s.requestsAfter(newFilter(filters), -1)
	return found
}

// Effects returns what changed since the start, in order: the proof of "exactly one order of this account" is the one effect that is
// OfOperation("create_portfolios_order") and OfAccount(account). The last 100,000 are remembered: Forgotten says how many were dropped.
func (s *Sandbox) Effects(filters ...Filter) []Effect {
	found, _, _ := s.effectsAfter(newFilter(filters), -1)
	return found
}

// Forgotten returns how many requests and effects were dropped, because there were too many. Nothing that is counted is proof if this is not 0.
func (s *Sandbox) Forgotten() (requests, effects uint64) {
	_, _, requests = s.requestsAfter(filter{}, 0)
	_, _, effects = s.effectsAfter(filter{}, 0)
	return requests, effects
}

func (s *Sandbox) requestsAfter(f filter, limit int) (found []Request, total, dropped uint64) {
	return s.requests.After(f.after, limit, func(r Request) bool { return f.matches(r.Operation, r.AccountID) })
}

func (s *Sandbox) effectsAfter(f filter, limit int) (effects []Effect, total, dropped uint64) {
	found, total, dropped := s.world.Load().ledger.EffectsAfter(f.after, limit, func(e ledger.Effect) bool { return f.matches(e.Operation, e.Account) })
	effects = make([]Effect, len(found))
	for i, e := range found {
		effects[i] = Effect{
			Number: e.Number, At: e.At, ClientID: e.ClientID, Operation: e.Operation, Resource: e.Resource, AccountID: e.Account,
		}
	}
	return effects, total, dropped
}

// remember logs an exchange.
func (s *Sandbox) remember(x *exchange, a *answer.Answer) {
	entry := Request{
		Time: x.time, RequestID: x.requestID, Method: x.request.Method, Path: x.request.URL.EscapedPath(), Query: x.request.URL.RawQuery,
		IdempotencyKey: x.request.Header.Get("Idempotency-Key"), Header: x.sent, Status: a.Status, Detail: x.refusal, Replayed: x.replayed,
		Fault: x.fault != nil,
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		if entry.Header.Get(name) != "" {
			entry.Header.Set(name, "***")
		}
	}
	if x.client != nil {
		entry.ClientID = x.client.ID
	}
	if x.route != nil {
		entry.Operation = x.route.Operation
	}
	if x.route != nil && x.route.IsToken() {
		entry.Query = "" // it has none, but might hold what belongs into the form
	} else if x.route != nil {
		entry.Body, entry.AccountID = string(x.body), x.accountID()
	}
	size := len(entry.Path) + len(entry.Query) + len(entry.Body)
	for name, values := range entry.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	s.requests.Add(size, func(number uint64) Request {
		entry.Number = number
		return entry
	})
}

// accountID is the account that a request names, wherever it does.
func (x *exchange) accountID() uuid.UUID {
	var body struct {
		AccountID string `json:"account_id"`
	}
	// What is no JSON names none.
	_ = json.Unmarshal(x.body, &body)
	id, _ := ids.Parse(cmp.Or(x.pathValues["account_id"], x.request.URL.Query().Get("account_id"), body.AccountID))
	return id
}
