package signature

import (
	"slices"
	"strconv"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/mask"
)

// base holds the text that must be signed, and a copy of this text without secrets.
type base struct {
	text   string
	masked string
}

// newBase rebuilds the signature base from a list of components and the parameters. It
// keeps the order of the list, and omits components that have no value in the request.
func newBase(r *Request, components []string, parameters string) base {
	var text, masked strings.Builder
	for _, name := range components {
		value, failure := componentValue(r, name)
		if failure != nil {
			continue
		}
		shown := value
		if name == query {
			shown = mask.Masker{}.Query(value)
		}
		if strings.HasSuffix(name, token) || name == query && r.Token {
			// A token request should have no query. If it has one, the query may contain
			// the secret that belongs in the form.
			shown = "***"
		}
		text.WriteString(`"` + name + `": ` + value + "\n")
		masked.WriteString(`"` + name + `": ` + shown + "\n")
	}
	for _, to := range []*strings.Builder{&text, &masked} {
		to.WriteString(`"@signature-params": ` + parameters)
	}
	return base{text: text.String(), masked: masked.String()}
}

// expectedBase returns a correct base for a request whose list of components is wrong.
// The base has the listed components that are allowed, followed by the required
// components that are not listed.
func expectedBase(r *Request, listed []string, parameters string) base {
	must := required(r)
	components := slices.DeleteFunc(slices.Clone(listed), func(name string) bool {
		_, missing := componentValue(r, name)
		return missing != nil || !slices.Contains(must, name) && checkOptional(r, name) != nil
	})
	for _, name := range must {
		if !slices.Contains(components, name) {
			components = append(components, name)
		}
	}
	return newBase(r, components, "("+quoted(components)+")"+parameters)
}

// placeholders replace parameters that could not be read.
const placeholders = `;keyid="…";created=…;expires=…;nonce="…"`

func componentValue(r *Request, name string) (string, *Failure) {
	switch name {
	case method:
		return r.Method, nil
	case path:
		if escaped := r.URL.EscapedPath(); escaped != "" {
			return escaped, nil
		}
		return "/", nil
	case query:
		return "?" + r.URL.RawQuery, nil
	}
	lines := r.Header.Values(name)
	if len(lines) == 0 && name == "content-length" && r.ContentLength > 0 {
		// A request that did not arrive over a connection has no content-length header.
		return strconv.FormatInt(r.ContentLength, 10), nil
	}
	if len(lines) == 0 {
		return "", fail("component %q is covered, but the header was not sent", name)
	}
	return strings.Join(trimmed(lines), ", "), nil
}

// trimmed removes the white space around each line of a header: SP and HTAB (RFC 9110,
// section 5.5). Any other white space is part of the value.
func trimmed(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Trim(line, " \t")
	}
	return out
}
