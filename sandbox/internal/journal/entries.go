package journal

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// Request has the fields of sandbox.Request, which documents them.
type Request struct {
	Number         uint64             `json:"number"`
	Time           time.Time          `json:"time"`
	RequestID      string             `json:"request_id"`
	Method         string             `json:"method"`
	Path           string             `json:"path"`
	Query          string             `json:"query"`
	Operation      contract.Operation `json:"operation"`
	ClientID       uuid.UUID          `json:"client_id"`
	AccountIDs     []uuid.UUID        `json:"account_ids"`
	IdempotencyKey string             `json:"idempotency_key"`
	Header         http.Header        `json:"header"`
	Body           string             `json:"body"`

	Status            int       `json:"status"`
	Detail            string    `json:"detail"`
	ResourceID        uuid.UUID `json:"resource_id"`
	ResponseBody      string    `json:"response_body"`
	ResponseTruncated bool      `json:"response_truncated"`
	Replayed          bool      `json:"replayed"`
	Fault             bool      `json:"fault"`
}

// Effect has the fields of sandbox.Effect, which documents them.
type Effect struct {
	Number     uint64             `json:"number"`
	RequestID  string             `json:"request_id"`
	At         time.Time          `json:"at"`
	ClientID   uuid.UUID          `json:"client_id"`
	Operation  contract.Operation `json:"operation"`
	ResourceID uuid.UUID          `json:"resource_id"`
	AccountIDs []uuid.UUID        `json:"account_ids"`
}

// Accounts returns the ids sorted, without zero UUIDs or duplicates. The result is never
// nil, because JSON would show nil as null.
func Accounts(ids ...uuid.UUID) []uuid.UUID {
	accounts := slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return id == uuid.Nil })
	slices.SortFunc(accounts, compare)
	return append([]uuid.UUID{}, slices.Compact(accounts)...)
}

// HasAccount reports whether the sorted accounts contain the id.
func HasAccount(accounts []uuid.UUID, id uuid.UUID) bool {
	_, found := slices.BinarySearchFunc(accounts, id, compare)
	return found
}

func compare(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
