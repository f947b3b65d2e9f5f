package sandbox

import (
	"sync"
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

// requestLog keeps the last requests, in the order in which they ended.
type requestLog struct {
	mu       sync.Mutex
	requests []Request
}

// Requests returns the requests that were seen, in the order in which they were answered. The oldest are forgotten when there are many.
func (s *Sandbox) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := s.log.requests
	return append([]Request{}, all[max(0, len(all)-maxLoggedRequests):]...)
}

func (l *requestLog) add(x *exchange, status int) {
	entry := Request{
		Time: x.time, RequestID: x.requestID, Method: x.request.Method, Path: clip(x.request.URL.EscapedPath()), Status: status,
		IdempotencyKey: clip(x.request.Header.Get("Idempotency-Key")), Replayed: x.replayed, Fault: x.fault != nil,
	}
	if x.route != nil {
		entry.Operation = x.route.operation
	}
	if x.client != nil {
		entry.ClientID = x.client.ID
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Twice the room, so that old entries are moved out once in a while and not every time.
	if len(l.requests) == 2*maxLoggedRequests {
		l.requests = append(l.requests[:0], l.requests[maxLoggedRequests:]...)
	}
	l.requests = append(l.requests, entry)
}

// clip bounds what a stranger can make the log remember.
func clip(text string) string {
	return text[:min(len(text), 256)]
}
