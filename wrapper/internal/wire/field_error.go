package wire

import "github.com/google/uuid"

// FieldError is the error of a response if the value of a strict field cannot be read.
// The strict fields are the IDs of objects, and the fields that the variable strict
// lists. In any other field, a value that cannot be read is treated as absent.
type FieldError struct {
	// Field is the location of the value: a JSON pointer that consists of documented
	// names and of numbers. If the body is not itself an object of the contract, the
	// pointer begins at the object of the contract that contains the value.
	Field string
	// ID is the ID of the object, or the zero UUID if the ID cannot be read. For an
	// individual order, ID is the ID of the portfolio order if that ID can be read.
	ID uuid.UUID
	// Row is the index of the object in its page, or -1 for an object outside a page.
	Row int
}

// Error names the field.
func (e *FieldError) Error() string {
	return "the body is not as documented: the value at " + e.Field + " cannot be read"
}

// in adds a name at the beginning of the JSON pointer: the name of the field, or the
// index of the list element, that contains the value.
func (e *FieldError) in(name string) { e.Field = "/" + name + e.Field }
