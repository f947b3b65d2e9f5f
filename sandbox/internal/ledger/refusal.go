package ledger

import (
	"fmt"
	"net/http"
)

// Refusal is the error of every method of a [Ledger]: a request that breaks a rule, in the terms of problem details (RFC 7807).
//
// Source: the errors page and the schema of the problem object.
type Refusal struct {
	// Status is the HTTP status to answer with.
	Status int
	// Type is the slug of the kind of error, such as "not_found".
	Type string
	// Title says the kind in a few words; it is the same for every refusal of one Type.
	Title string
	// Detail names the field and says what was expected.
	Detail string
}

// Error returns the type and the detail.
func (r *Refusal) Error() string { return r.Type + ": " + r.Detail }

func refuse(status int, slug, title, field, format string, values []any) *Refusal {
	return &Refusal{Status: status, Type: slug, Title: title, Detail: field + ": " + fmt.Sprintf(format, values...)}
}

func invalid(field, format string, values ...any) error {
	return refuse(http.StatusBadRequest, "invalid_request", "The request is not valid", field, format, values)
}

func notFound(field, format string, values ...any) error {
	return refuse(http.StatusNotFound, "not_found", "The resource does not exist", field, format, values)
}

func conflict(field, format string, values ...any) error {
	return refuse(http.StatusConflict, "conflict", "The request conflicts with the current state of the resource", field, format, values)
}

func unprocessable(field, format string, values ...any) error {
	return refuse(http.StatusUnprocessableEntity, "unprocessable_entity", "The request cannot be processed", field, format, values)
}

// errNoBody refuses a request without a body.
func errNoBody() error { return invalid("body", "expected a JSON object") }
