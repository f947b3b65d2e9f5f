package validate

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// IdempotencyKey refuses the zero UUID, and a key that does not match the pattern that
// Upvest documents.
func IdempotencyKey(key uuid.UUID) error {
	switch {
	case key == uuid.Nil:
		return errors.New("idempotency key: the zero UUID identifies nothing")
	case key.Version() > 5:
		return fmt.Errorf("idempotency key: a UUID of version %d does not match the documented pattern, "+
			"which allows the versions 0 to 5: "+
			"use version 4, or derive a key with IdempotencyKeyFor", key.Version())
	case key.Variant() != uuid.RFC4122 && key[8]>>4 != 0:
		return errors.New("idempotency key: a UUID of this variant does not match the documented pattern")
	}
	return nil
}
