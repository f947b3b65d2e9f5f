// Package answer is what the sandbox sends back: successes, and errors in the one form that they have.
package answer

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Answer is what is to be sent back. One that is kept for replays is shared, so nobody changes it.
type Answer struct {
	// Status 0 cuts the connection instead.
	Status int
	Header http.Header
	Body   []byte
	// Stream writes a body that is made as it is sent, nil for one that is in Body.
	Stream func(io.Writer) error
}

// Content types of what is sent back.
const (
	JSON        = "application/json"
	ProblemJSON = "application/problem+json"
)

// Problem is an error answer, as problem details (RFC 7807) with the types of docs.upvest.co/errors.
type Problem struct {
	Type          string `json:"type"`
	Status        int    `json:"status"`
	Title         string `json:"title,omitempty"`
	Detail        string `json:"detail,omitempty"`
	RequestID     string `json:"request_id,omitempty"`
	SignatureBase string `json:"signature_base,omitempty"`

	// Header goes along with the answer.
	Header http.Header `json:"-"`
}

const typeBase = "https://docs.upvest.co/errors/"

// slugs are the documented types of errors, by status. The last three are not documented: nor are their statuses.
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

// Refuse makes the problem of a status, of the type that is documented for it.
func Refuse(status int, format string, arguments ...any) *Problem {
	slug, ok := slugs[status]
	if !ok {
		slug = "error"
	}
	return RefuseAs(status, slug, format, arguments...)
}

// RefuseAs makes a problem of another type than that of its status.
func RefuseAs(status int, slug, format string, arguments ...any) *Problem {
	return &Problem{
		Type: typeBase + slug, Status: status, Title: http.StatusText(status), Detail: fmt.Sprintf(format, arguments...), Header: http.Header{},
	}
}

// Answer writes the problem out.
func (p *Problem) Answer(requestID string) *Answer {
	p.RequestID = requestID
	// Strings and numbers only: this cannot fail.
	body, _ := json.Marshal(p)
	header := p.Header.Clone()
	header.Set("Content-Type", ProblemJSON)
	return &Answer{Status: p.Status, Header: header, Body: body}
}
