package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// problem is an error answer, as problem details (RFC 7807) with the types of docs.upvest.co/errors.
type problem struct {
	Type          string `json:"type"`
	Status        int    `json:"status"`
	Title         string `json:"title,omitempty"`
	Detail        string `json:"detail,omitempty"`
	RequestID     string `json:"request_id,omitempty"`
	SignatureBase string `json:"signature_base,omitempty"`

	header http.Header
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

// refuse makes the problem of a status, of the type that is documented for it.
func refuse(status int, format string, arguments ...any) *problem {
	slug, ok := slugs[status]
	if !ok {
		slug = "error"
	}
	return refuseAs(status, slug, format, arguments...)
}

func refuseAs(status int, slug, format string, arguments ...any) *problem {
	return &problem{
		Type: typeBase + slug, Status: status, Title: http.StatusText(status), Detail: fmt.Sprintf(format, arguments...), header: http.Header{},
	}
}

// answer writes the problem out.
func (p *problem) answer(requestID string) *answer {
	p.RequestID = requestID
	// Strings and numbers only: this cannot fail.
	body, _ := json.Marshal(p)
	header := p.header.Clone()
	header.Set("Content-Type", "application/problem+json")
	return &answer{status: p.Status, header: header, body: body}
}
