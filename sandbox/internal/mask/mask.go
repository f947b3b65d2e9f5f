// Package mask replaces secrets in the requests, responses and errors that the sandbox
// stores and shows.
package mask

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// hidden is the text that replaces a secret.
const hidden = "***"

// minSecret is the minimum length in bytes of a secret that is masked by its value. A
// shorter secret could be part of an ordinary word.
const minSecret = 8

const secretNames = `secret|password|passphrase|token|authorization|assertion|cookie|credential|` +
	`api[-_]?key|private[-_]?key`

// hints are the substrings for which mightHold searches. Every name of a secret and every
// access token contains at least one of them.
var hints = []string{
	"secret", "passw", "passphrase", "token", "authorization", "assertion", "cookie", "credential", "key",
	tokenPrefix,
	// The last two strings begin escapes, which can hide the name of a secret.
	"%", `\u`,
}

const tokenPrefix = "ory_at_"

var (
	secretName = regexp.MustCompile(`(?i)` + secretNames)
	// notSecret matches names that only look like names of secrets.
	notSecret = regexp.MustCompile(`(?i)^(token_type|token-type)$`)
	// inText matches the name of a secret and the value that follows the name. The text
	// can have any format, such as a part of a multipart form.
	inText = regexp.MustCompile(`(?i)((?:` + secretNames + `)[\w-]*(?:["']?\s*[:=]\s*|["']\s+))` +
		`("[^"]*"?|'[^']*'?|[^\s&;,"'<]+)`)
	accessToken = regexp.MustCompile(tokenPrefix + `[\w.-]+`)
)

func isSecret(name string) bool {
	return secretName.MatchString(name) && !notSecret.MatchString(name)
}

// Masker masks access tokens, known secrets, and the values of fields whose names look
// like names of secrets. The zero value has no known secrets.
type Masker struct {
	known *strings.Replacer
}

// New returns a masker that masks the given secrets wherever they appear, as they are or
// escaped for a URL, in addition to what every Masker masks. It ignores secrets that are
// shorter than minSecret.
func New(secrets ...string) Masker {
	var pairs []string
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		for _, written := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			pairs = append(pairs, written, hidden)
		}
	}
	if pairs == nil {
		return Masker{}
	}
	return Masker{known: strings.NewReplacer(pairs...)}
}

// Header returns a copy of the header without secrets.
func (m Masker) Header(header http.Header) http.Header {
	masked := make(http.Header, len(header))
	for name, values := range header {
		for _, value := range values {
			if isSecret(name) && value != "" {
				value = hidden
			}
			masked[name] = append(masked[name], m.Values(value))
		}
	}
	return masked
}

// Query returns a raw query, or the body of a form, without secrets.
func (m Masker) Query(raw string) string {
	if !mightHold(raw) {
		return m.Values(raw)
	}
	var masked strings.Builder
	rest := raw
	for rest != "" {
		pair := rest
		end := ""
		if at := strings.IndexAny(rest, "&;"); at >= 0 {
			pair = rest[:at]
			end = rest[at : at+1]
		}
		rest = rest[len(pair)+len(end):]
		masked.WriteString(maskedPair(pair) + end)
	}
	return m.Values(masked.String())
}

func maskedPair(pair string) string {
	written, _, hasValue := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(written)
	if err != nil {
		name = written
	}
	if hasValue && isSecret(name) {
		return written + "=" + hidden
	}
	return pair
}

// Body masks the secrets in a text. The text can have any format: it can be a body, a
// path or an error.
func (m Masker) Body(body string) string {
	if !mightHold(body) {
		return m.Values(body)
	}
	if masked, ok := maskedJSON([]byte(body)); ok {
		return m.Values(string(masked))
	}
	// Query masks forms. The names in a form can contain escapes, and inText does not
	// match such names.
	return inText.ReplaceAllString(m.Query(body), "${1}"+hidden)
}

// mightHold reports whether a text might contain the name of a secret or an access token.
func mightHold(text string) bool {
	lower := strings.ToLower(text)
	for _, hint := range hints {
		if strings.Contains(lower, hint) {
			return true
		}
	}
	return false
}

// Values masks access tokens and known secrets wherever they appear in a text.
func (m Masker) Values(text string) string {
	if strings.Contains(text, tokenPrefix) {
		text = accessToken.ReplaceAllString(text, hidden)
	}
	if m.known == nil {
		return text
	}
	return m.known.Replace(text)
}

// maskedJSON masks the values of secret fields. It reports false for a body that is not
// JSON.
func maskedJSON(body []byte) ([]byte, bool) {
	decoder := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))
	var masked bytes.Buffer
	copied := int64(0)
	for {
		// In an object, names and values alternate.
		parent, length := decoder.StackIndex(decoder.StackDepth())
		isName := parent == jsontext.KindBeginObject && length%2 == 0
		token, err := decoder.ReadToken()
		if err != nil {
			break
		}
		if !isName || token.Kind() != jsontext.KindString || !isSecret(token.String()) {
			continue
		}
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, false
		}
		begin := decoder.InputOffset() - int64(len(value))
		masked.Write(body[copied:begin])
		masked.WriteString(`"` + hidden + `"`)
		copied = decoder.InputOffset()
	}
	if decoder.StackDepth() != 0 || decoder.InputOffset() == 0 {
		return nil, false
	}
	if len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
		return nil, false
	}
	masked.Write(body[copied:])
	return masked.Bytes(), true
}
