// Package response defines the responses of the sandbox: successes, and errors as problem
// details.
package response

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Response is one response. Responses can share the body of a fault, so Body must not be
// changed in place.
type Response struct {
	// Status is 0 if the sandbox cuts the connection instead of responding.
	Status int
	Header http.Header
	Body   []byte
	// Stream writes a body that is generated while it is sent. Stream is nil if the field
	// Body holds the body.
	Stream func(io.Writer) error
}

// Content types of responses.
const (
	JSON        = "application/json"
	ProblemJSON = "application/problem+json"
)

// Problem is an error response, as problem details (RFC 7807) with the types of
// docs.upvest.co/errors.
type Problem struct {
	Type          string `json:"type"`
	Status        int    `json:"status"`
	Title         string `json:"title,omitempty"`
	Detail        string `json:"detail,omitempty"`
	RequestID     string `json:"request_id,omitempty"`
	SignatureBase string `json:"signature_base,omitempty"`

	// Header holds headers that are added to the response.
	Header http.Header `json:"-"`
}

const typeBase = "https://docs.upvest.co/errors/"

// slugs maps the status of an error to the last part of its type. Upvest does not
// document the last three statuses and types.
var slugs = map[int]string{
	http.StatusBadRequest:            "invalid_request",
	http.StatusUnauthorized:          "unauthorised",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusConflict:              "conflict",
	http.StatusUnprocessableEntity:   "unprocessable_entity",
	http.StatusUpgradeRequired:       "upgrade_required",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusInternalServerError:   "internal",
	http.StatusBadGateway:            "bad_gateway",
	http.StatusServiceUnavailable:    "unavailable",
	http.StatusGatewayTimeout:        "gateway_timeout",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusRequestEntityTooLarge: "content_too_large",
	http.StatusTeapot:                "teapot",
}

// Refuse returns a problem with the given status and the usual type of this status, or
// the type "error" if slugs does not contain the status.
func Refuse(status int, format string, arguments ...any) *Problem {
	slug, ok := slugs[status]
	if !ok {
		slug = "error"
	}
	return RefuseAs(status, slug, format, arguments...)
}

// RefuseAs returns a problem of the given type, for errors whose type differs from the
// usual type of their status.
func RefuseAs(status int, slug, format string, arguments ...any) *Problem {
	return &Problem{
		Type:   typeBase + slug,
		Status: status,
		Title:  http.StatusText(status),
		Detail: fmt.Sprintf(format, arguments...),
		Header: http.Header{},
	}
}

// Response returns the problem as a response.
func (p *Problem) Response(requestID string) *Response {
	p.RequestID = requestID
	body, _ := json.Marshal(p) //nolint:errchkjson // strings and numbers cannot fail
	header := p.Header.Clone()
	header.Set("Content-Type", ProblemJSON)
	return &Response{Status: p.Status, Header: header, Body: body}
}

// CanHaveBody reports whether a response with the status can have a body.
func CanHaveBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
