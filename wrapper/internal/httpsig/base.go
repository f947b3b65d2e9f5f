// Package httpsig signs requests: the signature base, the digest of the body, and signing with a key.
//
// Source: docs.upvest.co, "HTTP message signatures".
package httpsig

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Parameters go into signature-input, and by that into the base. The texts are quotable, see [IsQuotable].
type Parameters struct {
	KeyID, Nonce     string
	Created, Expires int64 // Unix seconds
}

// component is what a signature can cover: its name, as the base quotes it, and the header that it stands for.
type component struct{ name, header string }

// components are in the order of Upvest's documentation.
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

// neverCovered are the beginnings of the names that Upvest leaves out of a signature, or its proxies change.
var neverCovered = []string{
	"Signature", "Upvest-Signature", "Cf-", "Cdn-", "Cookie", "X-", "Sec-", "Priority", "User-Agent", "Accept-Encoding", "Connection", "Host",
}

// MayCover reports whether a signature may cover a header, by its name as net/http writes it.
func MayCover(header string) bool {
	return !slices.ContainsFunc(neverCovered, func(prefix string) bool { return strings.HasPrefix(header, prefix) })
}

// Base returns what is to be signed, and the value of the label in signature-input. It covers the documented components and some headers
// more, by their names as net/http writes them.
func Base(req *http.Request, p Parameters, more ...string) (base []byte, input string) {
	base = make([]byte, 0, 1536)
	covered := make([]byte, 1, 512)
	covered[0] = '('
	cover := func(c component) {
		if value := c.value(req); value != "" {
			base = append(append(append(append(base, c.name...), ": "...), value...), '\n')
			covered = append(append(covered, c.name...), ' ')
		}
	}
	for _, c := range components {
		cover(c)
	}
	for _, header := range more {
		cover(component{`"` + strings.ToLower(header) + `"`, header})
	}
	covered[len(covered)-1] = ')'
	covered = append(append(covered, `;keyid="`...), p.KeyID...)
	covered = strconv.AppendInt(append(covered, `";created=`...), p.Created, 10)
	covered = strconv.AppendInt(append(covered, `;expires=`...), p.Expires, 10)
	covered = append(append(append(covered, `;nonce="`...), p.Nonce...), '"')
	return append(append(base, `"@signature-params": `...), covered...), string(covered)
}

// value is empty for a component that the request does not have.
func (c component) value(req *http.Request) string {
	switch c.name {
	case `"@method"`:
		return req.Method
	case `"@path"`:
		if path := req.URL.EscapedPath(); path != "" {
			return path
		}
		return "/"
	case `"@query"`:
		if req.URL.RawQuery != "" || req.URL.ForceQuery {
			return "?" + req.URL.RawQuery
		}
		return ""
	case `"content-length"`:
		// net/http ignores this header and sends the field of the request.
		if req.Body == nil || req.Body == http.NoBody {
			return ""
		}
		return strconv.FormatInt(req.ContentLength, 10)
	}
	values := req.Header[c.header]
	if len(values) == 1 {
		return strings.TrimSpace(values[0])
	}
	return strings.TrimSpace(strings.Join(values, ", "))
}

// Mask hides the token in a base.
func Mask(base []byte) string {
	lines := strings.Split(string(base), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, `"authorization": `) {
			lines[i] = `"authorization": (hidden)`
		}
	}
	return strings.Join(lines, "\n")
}

// IsQuotable reports whether a text can stand between quotes in a structured field as it is.
func IsQuotable(text string) bool {
	for _, char := range []byte(text) {
		if char < ' ' || char > '~' || char == '"' || char == '\\' {
			return false
		}
	}
	return true
}
