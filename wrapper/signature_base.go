package wrapper

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// signatureComponents names what a signature covers, in the order of Upvest's documentation.
func signatureComponents(req *http.Request) []string {
	components := []string{"@method", "@path"}
	if req.URL.RawQuery != "" || req.URL.ForceQuery {
		components = append(components, "@query")
	}
	for _, name := range []string{
		"accept", "authorization", "content-length", "content-type", "content-digest",
		"idempotency-key", "upvest-client-id", "upvest-api-version",
	} {
		if componentValue(req, name) != "" {
			components = append(components, name)
		}
	}
	return components
}

func componentValue(req *http.Request, name string) string {
	switch name {
	case "@method":
		return req.Method
	case "@path":
		if path := req.URL.EscapedPath(); path != "" {
			return path
		}
		return "/"
	case "@query":
		return "?" + req.URL.RawQuery
	case "content-length":
		// net/http ignores this header and sends the field of the request.
		if req.Body == nil || req.Body == http.NoBody {
			return ""
		}
		return strconv.FormatInt(req.ContentLength, 10)
	}
	return strings.TrimSpace(strings.Join(req.Header.Values(name), ", "))
}

func signatureBase(req *http.Request, components []string, params string) string {
	var base strings.Builder
	for _, name := range components {
		fmt.Fprintf(&base, "%q: %s\n", name, componentValue(req, name))
	}
	base.WriteString(`"@signature-params": ` + params)
	return base.String()
}

func maskToken(base string) string {
	lines := strings.Split(base, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, `"authorization": `) {
			lines[i] = `"authorization": (hidden)`
		}
	}
	return strings.Join(lines, "\n")
}

func quoted(names []string) []string {
	result := make([]string, len(names))
	for i, name := range names {
		result[i] = strconv.Quote(name)
	}
	return result
}

// isQuotable reports whether a text can stand between quotes in a structured field as it is.
func isQuotable(text string) bool {
	for _, char := range []byte(text) {
		if char < ' ' || char > '~' || char == '"' || char == '\\' {
			return false
		}
	}
	return true
}
