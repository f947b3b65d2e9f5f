package journal

import (
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Request has the fields of sandbox.Request, which documents them.
type Request struct {
	Number         uint64      `json:"number"`
	Time           time.Time   `json:"time"`
	RequestID      string      `json:"request_id"`
	Method         string      `json:"method"`
	Path           string      `json:"path"`
	Query          string      `json:"query"`
	Operation      string      `json:"operation"`
	ClientID       uuid.UUID   `json:"client_id"`
	AccountID      uuid.UUID   `json:"account_id"`
	IdempotencyKey string      `json:"idempotency_key"`
	Header         http.Header `json:"header"`
	Body           string      `json:"body"`
	Status         int         `json:"status"`
	Detail         string      `json:"detail"`
	Replayed       bool        `json:"replayed"`
	Fault          bool        `json:"fault"`
}

// Effect has the fields of sandbox.Effect, which documents them.
type Effect struct {
	Number    uint64    `json:"number"`
	At        time.Time `json:"at"`
	ClientID  uuid.UUID `json:"client_id"`
	Operation string    `json:"operation"`
	Resource  uuid.UUID `json:"resource"`
	AccountID uuid.UUID `json:"account_id"`
}

// Filter selects requests or effects. Its zero value selects all.
type Filter struct {
	Operation string
	AccountID uuid.UUID
	// After is the number that the entries come after.
	After uint64
}

// Matches reports whether the filter selects an entry of the operation and the account.
func (f Filter) Matches(operation string, account uuid.UUID) bool {
	if f.Operation != "" && f.Operation != operation {
		return false
	}
	return f.AccountID == uuid.Nil || f.AccountID == account
}
