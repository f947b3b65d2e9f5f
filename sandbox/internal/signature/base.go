package signature

import (
	"slices"
	"strconv"
	"strings"
)

// base is the text that was signed, and the same text in a form that may be shown.
type base struct {
	text   string
	masked string
}

// newBase rebuilds the signature base from the listed components, in their order, and from the parameters in theirs. A component without
// a value is left out.
func newBase(r *Request, components []string, parameters string) base {
	var text, masked strings.Builder
	line := func(name, value, shown string) {
		text.WriteString(`"` + name + `": ` + value)
		masked.WriteString(`"` + name + `": ` + shown)
	}
	for _, name := range components {
		value, failure := componentValue(r, name)
		if failure != nil {
			continue
		}
		shown := value
		if strings.HasSuffix(name, token) || name == query && r.Token {
			// The query of a token request has no business there, but might hold what belongs into the form.
			shown = "***"
		}
		line(name, value+"\n", shown+"\n")
	}
	line("@signature-params", parameters, parameters)
	return base{text: text.String(), masked: masked.String()}
}

// expectedBase is what a signer could sign whose own list of components, if any, will not do: what it listed as far as that is allowed,
// and what it has to list.
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

// placeholders are the parameters of a signature that has none which could be read.
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
		// net/http keeps the length out of the headers of a request that never crossed a wire.
		return strconv.FormatInt(r.ContentLength, 10), nil
	}
	if len(lines) == 0 {
		return "", fail("component %q is covered, but the header was not sent", name)
	}
	return strings.Join(trimmed(lines), ", "), nil
}

func trimmed(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimSpace(line)
	}
	return out
}
