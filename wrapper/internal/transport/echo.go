package transport

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Echo holds the parts of a request that errors must not show, even if a server quotes
// the request in its response.
type Echo struct {
	secrets []string
	key     string
}

// minEcho is the length of the shortest secret that Hide looks for, because a shorter
// secret could occur in a response by chance.
const minEcho = 4

// EchoOf returns the Echo of a request: the parts of the request that errors must not
// show, and the secret of its client.
func EchoOf(clientSecret string, req *http.Request) Echo {
	_, signature, _ := strings.Cut(req.Header.Get("Signature"), "=")
	return Echo{
		secrets: []string{
			clientSecret,
			strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "),
			strings.Trim(signature, ":"),
		},
		key: req.Header.Get("Idempotency-Key"),
	}
}

// Hide returns a text in which "(hidden)" replaces the parts that errors must not show.
func (e Echo) Hide(text string) string {
	if text == "" {
		return ""
	}
	for _, secret := range e.secrets {
		if len(secret) < minEcho || len(secret) > len(text) {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			text = strings.ReplaceAll(text, form, "(hidden)")
		}
	}
	// This code runs for every response, and compiling the pattern takes much longer than
	// searching, so the pattern is only compiled if the key occurs in the text.
	if e.key == "" || !strings.Contains(plainKey(text), plainKey(e.key)) {
		return text
	}
	inAnyForm := regexp.MustCompile(`(?i)` + strings.ReplaceAll(regexp.QuoteMeta(e.key), "-", "-?"))
	return inAnyForm.ReplaceAllString(text, "(hidden)")
}

// plainKey returns a text with its UUIDs in one form: lower case and without hyphens.
func plainKey(text string) string { return strings.ToLower(strings.ReplaceAll(text, "-", "")) }
