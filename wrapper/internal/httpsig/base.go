// Package httpsig signs requests: it builds the signature base, computes the digest of
// the body, and signs with a key.
//
// Source: docs.upvest.co, "HTTP message signatures".
package httpsig

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Parameters are the signature parameters, which are a part of signature-input and of the
// last line of the base. The strings must be quotable, see [IsQuotable].
type Parameters struct {
	KeyID, Nonce     string
	Created, Expires int64 // Unix seconds
}

// component is a part of the request that a signature can cover. The name is quoted as in
// the base. The field header is the name of the header that contains the value, or "" if
// the component is not a header.
type component struct{ name, header string }

// components lists the documented components in the order of Upvest's documentation.
var components = [...]component{
	{name: `"@method"`},
	{name: `"@path"`},
	{name: `"@query"`},
	{`"accept"`, "Accept"},
	{`"authorization"`, "Authorization"},
	{`"content-length"`, "Content-Length"},
	{`"content-type"`, "Content-Type"},
	{`"content-digest"`, "Content-Digest"},
	{`"idempotency-key"`, "Idempotency-Key"},
	{`"upvest-client-id"`, "Upvest-Client-Id"},
	{`"upvest-api-version"`, "Upvest-Api-Version"},
}

// neverCovered lists prefixes of header names that a signature must not cover, because
// Upvest leaves these headers out of signatures, or its proxies change them.
var neverCovered = []string{
	"Signature", "Upvest-Signature", "Cf-", "Cdn-", "Cookie", "X-", "Sec-", "Priority",
	"User-Agent", "Accept-Encoding", "Connection", "Host",
}

// MayCover reports whether a signature may cover a header. The name of the header must be
// canonical.
func MayCover(header string) bool {
	return !slices.ContainsFunc(neverCovered, func(prefix string) bool {
		return strings.HasPrefix(header, prefix)
	})
}

// Base returns the signature base, and the input: the value that signature-input assigns
// to the label of the signature. The signature covers those documented components and
// additional headers that the request has. The names of the additional headers must be
// canonical.
func Base(req *http.Request, p Parameters, additional ...string) (base []byte, input string) {
	base = make([]byte, 0, 1536)
	covered := make([]byte, 1, 512)
	covered[0] = '('
	cover := func(c component) {
		value := c.value(req)
		if value == "" {
			return
		}
		base = append(base, c.name...)
		base = append(base, ": "...)
		base = append(base, value...)
		base = append(base, '\n')
		covered = append(covered, c.name...)
		covered = append(covered, ' ')
	}
	for _, c := range components {
		cover(c)
	}
	for _, header := range additional {
		cover(component{`"` + strings.ToLower(header) + `"`, header})
	}
	covered[len(covered)-1] = ')'
	covered = append(covered, `;keyid="`...)
	covered = append(covered, p.KeyID...)
	covered = append(covered, `";created=`...)
	covered = strconv.AppendInt(covered, p.Created, 10)
	covered = append(covered, `;expires=`...)
	covered = strconv.AppendInt(covered, p.Expires, 10)
	covered = append(covered, `;nonce="`...)
	covered = append(covered, p.Nonce...)
	covered = append(covered, '"')
	base = append(base, `"@signature-params": `...)
	base = append(base, covered...)
	return base, string(covered)
}

// value returns the value of the component, or "" if the request does not have the
// component.
func (c component) value(req *http.Request) string {
	switch c.name {
	case `"@method"`:
		return cmp.Or(req.Method, http.MethodGet)
	case `"@path"`:
		path, _ := target(req.URL)
		return path
	case `"@query"`:
		_, query := target(req.URL)
		return query
	case `"content-length"`:
		// net/http ignores the header and sends the request's field ContentLength.
		if req.Body == nil || req.Body == http.NoBody {
			return ""
		}
		return strconv.FormatInt(req.ContentLength, 10)
	}
	values := req.Header[c.header]
	if len(values) == 1 {
		return trim(values[0])
	}
	trimmed := make([]string, 0, len(values))
	for _, value := range values {
		trimmed = append(trimmed, trim(value))
	}
	return strings.Join(trimmed, ", ")
}

// trim removes SP and HTAB around the value of a header, which are not part of the value.
// Any other white space is part of the value.
//
// Source: RFC 9110, section 5.5.
func trim(value string) string { return strings.Trim(value, " \t") }

// target returns the path and the query, with its question mark, as net/http sends them.
func target(u *url.URL) (path, query string) {
	if u.Opaque != "" {
		return opaqueTarget(u)
	}
	if u.RawQuery != "" || u.ForceQuery {
		query = "?" + u.RawQuery
	}
	return cmp.Or(u.EscapedPath(), "/"), query
}

// opaqueTarget is target for a URL whose field Opaque is set. net/http sends Opaque in
// place of the path: a path or //host/path, with or without a query.
func opaqueTarget(u *url.URL) (path, query string) {
	path, query, found := strings.Cut(u.RequestURI(), "?")
	if found {
		query = "?" + query
	}
	if _, afterScheme, isAbsolute := strings.Cut(path, "://"); isAbsolute && !strings.HasPrefix(path, "/") {
		_, path, _ = strings.Cut(afterScheme, "/")
		path = "/" + path
	}
	return path, query
}

// Mask hides the token in a signature base.
func Mask(base []byte) string {
	lines := strings.Split(string(base), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, `"authorization": `) {
			lines[i] = `"authorization": (hidden)`
		}
	}
	return strings.Join(lines, "\n")
}

// IsQuotable reports whether a string can be quoted in a structured field without
// escapes: printable ASCII without quotation mark and backslash.
func IsQuotable(text string) bool {
	for _, char := range []byte(text) {
		if char < ' ' || char > '~' || char == '"' || char == '\\' {
			return false
		}
	}
	return true
}
