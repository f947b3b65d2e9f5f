package wire

import "github.com/google/uuid"

// FieldError is the error of a response if the value of a strict field cannot be read,
// see the list strict. In any other field, such a value counts as absent.
type FieldError struct {
	// Field is the place of the value as a JSON pointer, made of documented names and
	// numbers.
	Field string
	// ID is the ID of the object, the zero UUID if it cannot be read. For an individual
	// order, it is the ID of the portfolio order.
	ID uuid.UUID
	// Row is the index of the object in its page, -1 for an object outside a page.
	Row int
}

// Error names the field.
func (e *FieldError) Error() string {
	return "the body is not as documented: the value at " + e.Field + " cannot be read"
}

// in extends the place of the value by the field or the list that holds it.
func (e *FieldError) in(name string) { e.Field = "/" + name + e.Field }
