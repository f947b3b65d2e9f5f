package ledger

import (
	"fmt"
	"net/http"
)

// Refusal is the error that the operations of a [Ledger] return for a request that breaks
// a rule. Its fields have the meaning of the fields of problem details (RFC 7807).
//
// Source: the errors page and the schema of the problem object.
type Refusal struct {
	// Status is the HTTP status of the response.
	Status int
	// Type identifies the kind of error, such as "not_found".
	Type string
	// Detail names the field and states what was expected.
	Detail string
}

// Error returns the type and the detail.
func (r *Refusal) Error() string { return r.Type + ": " + r.Detail }

func refuse(status int, slug, field, format string, values []any) error {
	return &Refusal{Status: status, Type: slug, Detail: field + ": " + fmt.Sprintf(format, values...)}
}

func invalid(field, format string, values ...any) error {
	return refuse(http.StatusBadRequest, "invalid_request", field, format, values)
}

func notFound(field, format string, values ...any) error {
	return refuse(http.StatusNotFound, "not_found", field, format, values)
}

func conflict(field, format string, values ...any) error {
	return refuse(http.StatusConflict, "conflict", field, format, values)
}

func unprocessable(field, format string, values ...any) error {
	return refuse(http.StatusUnprocessableEntity, "unprocessable_entity", field, format, values)
}

// errNoBody refuses a request without a body.
func errNoBody() error { return invalid("body", "expected a JSON object") }
