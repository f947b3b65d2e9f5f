package sandbox

import (
	"time"

	"github.com/google/uuid"
)

// Request is one request that the sandbox saw. It holds no secret, no token and no body.
type Request struct {
	Time time.Time `json:"time"`
	// RequestID is the upvest-request-id of the answer.
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	// Operation is the operationId, "token" for the token endpoint, and empty when the request reached no operation.
	Operation string `json:"operation"`
	// ClientID is the zero UUID when the client is not known.
	ClientID       uuid.UUID `json:"client_id"`
	IdempotencyKey string    `json:"idempotency_key"`
	// Status is the status of the answer. It is 0 when the connection was cut before one was sent.
	Status int `json:"status"`
	// Replayed says that the answer is the kept one of an earlier request with the same idempotency key.
	Replayed bool `json:"replayed"`
	// Fault says that a Fault changed what came back.
	Fault bool `json:"fault"`
}

// Requests returns the requests that were seen, in the order in which they were answered. The oldest are forgotten when there are many.
func (s *Sandbox) Requests() []Request { return s.requests.All() }

// Effect is one change that a request made. What the clock does to orders is none, nor is a request that was refused. A request makes one
// effect: a rebalancing has the id of its execution, however many orders it placed.
type Effect struct {
	// At is when, by the sandbox's clock, in UTC.
	At time.Time `json:"at"`
	// ClientID is the API client that called.
	ClientID uuid.UUID `json:"client_id"`
	// Operation is the operationId of openapi.yaml, such as "create_portfolios_order".
	Operation string `json:"operation"`
	// Resource is the id of what was made or changed; for a configuration its account.
	Resource uuid.UUID `json:"resource"`
}

// Effects returns what changed since the start, in order: the proof of "exactly one order". The oldest effects are forgotten when there
// are many.
func (s *Sandbox) Effects() []Effect {
	effects := []Effect{}
	for _, effect := range s.ledger.Effects() {
		effects = append(effects, Effect(effect))
	}
	return effects
}

// entry is what the log says of an exchange.
func (x *exchange) entry(status int) Request {
	entry := Request{
		Time: x.time, RequestID: x.requestID, Method: x.request.Method, Path: clip(x.request.URL.EscapedPath()), Status: status,
		IdempotencyKey: clip(x.request.Header.Get("Idempotency-Key")), Replayed: x.replayed, Fault: x.fault != nil,
	}
	if x.route != nil {
		entry.Operation = x.route.Operation
	}
	if x.client != nil {
		entry.ClientID = x.client.ID
	}
	return entry
}

// clip bounds what a stranger can make the log remember.
func clip(text string) string {
	return text[:min(len(text), 256)]
}
