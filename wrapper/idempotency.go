package wrapper

import (
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// keyNamespace separates the keys that are derived here from all other version 5 UUIDs. It must never change.
var keyNamespace = uuid.MustParse("b6a8ac4c-5a54-4ef5-8e35-1d2cb6a1d3c0")

// WithIdempotencyKey gives a POST or PATCH the caller's key in place of a random one. Repeating a call with the key of an [Error] takes
// it up where it was left: if the server carried out the first one, it answers the same again and does nothing.
//
// Upvest accepts UUIDs of version 0 to 5 and keeps them for at least 24 hours. Until a repetition succeeds, an earlier [ErrOutcomeUnknown]
// stands, even if the repetition itself never left or was refused.
func WithIdempotencyKey(key uuid.UUID) CallOption {
	return callOption(func(s *settings) error {
		s.key = key
		return validate.IdempotencyKey(key)
	})
}

// IdempotencyKeyFor derives a key from the operation, by its operationId as in create_portfolios_order, and the caller's own id of the
// business event, such as the number of a savings plan's execution: the same two give the same key on every host and after every restart.
// An id that is not one, such as account and amount, would make one order of two.
func IdempotencyKeyFor(operationID, businessID string) (uuid.UUID, error) {
	if operationID == "" || strings.Contains(operationID, "\x00") {
		return uuid.Nil, errors.New("idempotency key: the operation is not an operationId: use one like create_portfolios_order")
	}
	if businessID == "" {
		return uuid.Nil, errors.New("idempotency key: the business id is empty")
	}
	return uuid.NewSHA1(keyNamespace, []byte(operationID+"\x00"+businessID)), nil
}
