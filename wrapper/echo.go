package wrapper

import (
	"net/http"
	"net/url"
	"strings"
)

// echo is what of a request must not be seen again: a server that quotes the request in its problem would bring it into our errors.
type echo []string

// minEcho is the length from which on a text can be told from one that is in an answer by chance.
const minEcho = 4

func (c *core) echoOf(req *http.Request) echo {
	_, signature, _ := strings.Cut(req.Header.Get("signature"), "=")
	return echo{
		c.secret(),
		strings.TrimPrefix(req.Header.Get("authorization"), "Bearer "),
		strings.Trim(signature, ":"),
		req.Header.Get("idempotency-key"),
	}
}

func (e echo) hide(text string) string {
	for _, secret := range e {
		if len(secret) < minEcho {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			text = strings.ReplaceAll(text, form, "(hidden)")
		}
	}
	return text
}
