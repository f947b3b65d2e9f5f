package api

import (
	"errors"

	"github.com/google/uuid"
)

// OptionalUUID is a UUID that may be missing. Its zero value means that there is no UUID.
//
// If there is no UUID, the API leaves the field out or sends "". In either case, the
// field decodes to the zero value. Convert with OptionalUUID(id) and
// [uuid.UUID](optional). Compare two values with ==.
//
// Source: the example of create_portfolios_liquidation_request, whose allocation_id
// is "".
type OptionalUUID uuid.UUID

// IsZero reports whether there is no UUID. encoding/json calls IsZero for fields marked
// omitzero.
func (o OptionalUUID) IsZero() bool { return o == OptionalUUID{} }

// String returns the UUID in its usual form, or "" if there is no UUID.
func (o OptionalUUID) String() string {
	if o.IsZero() {
		return ""
	}
	return uuid.UUID(o).String()
}

// MarshalText returns the UUID in its usual form, or empty text if there is no UUID.
func (o OptionalUUID) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText accepts any form that [uuid.Parse] accepts, and empty text, which means
// that there is no UUID.
func (o *OptionalUUID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*o = OptionalUUID{}
		return nil
	}
	id, err := uuid.ParseBytes(text)
	if err != nil {
		return errors.New("not a UUID, and not empty") // must not quote the text
	}
	*o = OptionalUUID(id)
	return nil
}
