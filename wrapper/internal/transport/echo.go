package transport

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Echo is what of a request must not be seen again: a server that quotes the request in its problem would bring it into our errors.
type Echo struct {
	secrets []string
	key     string
}

// minEcho is the length from which on a text can be told from one that is in an answer by chance.
const minEcho = 4

// EchoOf returns what must not be seen again of a request and its client.
func EchoOf(clientSecret string, req *http.Request) Echo {
	_, signature, _ := strings.Cut(req.Header.Get("Signature"), "=")
	return Echo{
		secrets: []string{clientSecret, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), strings.Trim(signature, ":")},
		key:     req.Header.Get("Idempotency-Key"),
	}
}

// Hide takes it out of a text.
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
	plain := func(text string) string { return strings.ToLower(strings.ReplaceAll(text, "-", "")) }
	if e.key == "" || !strings.Contains(plain(text), plain(e.key)) { // every call asks, and to make the pattern costs more than to sign
		return text
	}
	inAnyForm := regexp.MustCompile(`(?i)` + strings.ReplaceAll(regexp.QuoteMeta(e.key), "-", "-?"))
	return inAnyForm.ReplaceAllString(text, "(hidden)")
}
