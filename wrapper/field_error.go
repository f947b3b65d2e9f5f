package wrapper

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// FieldError is the cause of an [*Error] if one of these values in a response cannot be
// read: an object's ID, amount, weights, type, side, status, currency or time of
// creation. Any other value that cannot be read is treated as absent, and is kept in the
// field Unknown of the object that contains it.
//
// If the call is repeated, the server may send the same response again. A write that
// returns this error was accepted or may have been carried out: see the field Outcome of
// the Error.
type FieldError struct {
	// Field is the location of the value in the body: a JSON pointer such as
	// /data/3/cash_amount.
	Field string
	// ID is the ID of the order, allocation, configuration or execution that has the
	// field, or the zero UUID if the ID cannot be read.
	ID uuid.UUID
	// Offset is the offset of the row in its list, or -1 outside a list. The method All
	// of a service delivers the rows before this row; to skip this row, read the list
	// from Offset + 1. In an error of [Response.Decode], Offset counts from the beginning
	// of the page.
	Offset int
}

// Error returns a text that names the field and identifies the object that has the field.
func (e *FieldError) Error() string {
	if e == nil {
		return nilText
	}
	text := "the body is not as documented: the value at " + e.Field + " cannot be read"
	if e.ID != uuid.Nil {
		text += ", in the object with the ID " + e.ID.String()
	}
	text += ": repeating the call may return the same response"
	if e.Offset >= 0 {
		text += fmt.Sprintf(": the row has the offset %d: continue at %d", e.Offset, e.Offset+1)
	}
	return text
}

// decode reads a body into value.
func decode(body []byte, value any) error {
	err := wire.Decode(body, value)
	if failed, ok := errors.AsType[*wire.FieldError](err); ok {
		return &FieldError{Field: failed.Field, ID: failed.ID, Offset: failed.Row}
	}
	return err
}
