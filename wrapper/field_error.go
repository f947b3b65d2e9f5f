package wrapper

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// FieldError is the cause of an [*Error] if one of these values in a response cannot be
// read: an object's ID, an instrument's ID, an amount, weight, type, side, status,
// currency or time of creation, or the rows of a list. Any other value that cannot be
// read is treated as absent, and is kept in the field Unknown of the object that contains
// it or, for a value inside a weight, of the allocation.
//
// If the call is repeated, the server may send the same response again. A write that
// returns this error was accepted or may have been carried out: see the field Outcome of
// the Error.
type FieldError struct {
	// Field is the location of the value in the body: a JSON pointer such as
	// /data/3/cash_amount.
	Field string
	// ID is the ID of the portfolio order, allocation or execution that has the field, or
	// the account's ID of the configuration. It is the zero UUID if there is no such ID,
	// or if it cannot be read.
	ID uuid.UUID
	// Offset is the offset of the row in its list. The method All of a service delivers
	// the rows before this row; to skip this row, read the list from Offset + 1. Offset
	// is -1 outside a list, and in an error of [Response.Decode], because a Response does
	// not contain the offset of its page.
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

// unknownOffset is the offset of a page whose position in its list is not known, and of a
// body that is not a page.
const unknownOffset = -1

// decode reads a body into value. If the body is a page, offset is the offset of the page
// in its list.
func decode(body []byte, value any, offset int) error {
	err := wire.Decode(body, value)
	failed, ok := errors.AsType[*wire.FieldError](err)
	if !ok {
		return err
	}
	row := unknownOffset
	if failed.Row >= 0 && offset != unknownOffset {
		row = offset + failed.Row
	}
	return &FieldError{Field: failed.Field, ID: failed.ID, Offset: row}
}
