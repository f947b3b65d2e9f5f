package wrapper_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The tests in this file check that the signature covers exactly the bytes that net/http
// sends.

// lineOf returns the value of a component in a signature base, and whether the base
// contains the component.
func lineOf(base, component string) (string, bool) {
	for line := range strings.Lines(base) {
		value, found := strings.CutPrefix(line, `"`+component+`": `)
		if found {
			return strings.TrimSuffix(value, "\n"), true
		}
	}
	return "", false
}

func TestSignatureCoversThePathAsSent(t *testing.T) {
	var path, query string
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		path = strings.TrimPrefix(path, "http://"+r.Host)
	})
	host := strings.TrimPrefix(server.URL, "http://")
	for name, u := range map[string]url.URL{
		"path":                         {Path: "/portfolios/orders"},
		"escaped path":                 {Path: "/a/b c", RawPath: "/a%2Fb%20c"},
		"path and query":               {Path: "/a", RawQuery: "b=%2c&a=1,2"},
		"opaque path":                  {Opaque: "/a%2Fb%20c", Path: "/another"},
		"opaque path and query":        {Opaque: "/a%2Fb", RawQuery: "c=%2c"},
		"opaque path with a query":     {Opaque: "/a%2Fb?c=%2c"},
		"opaque host and path":         {Opaque: "//" + host + "/a%2Fb", RawQuery: "c=%2c"},
		"opaque path with a URL":       {Opaque: "/a/https://upvest.test/b"},
		"opaque host and double slash": {Opaque: "//" + host + "/a//b"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			u.Scheme = "http"
			u.Host = host
			req.URL = &u
			base := sign(t, testKey(t), req)
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if got, _ := lineOf(base, "@path"); got != path {
				t.Errorf("the signature covers the @path %q, want %q as sent", got, path)
			}
			got, covered := lineOf(base, "@query")
			if covered != (query != "") || covered && got != "?"+query {
				t.Errorf("the signature covers the @query %q, want the query %q as sent", got, query)
			}
		})
	}
}

// In HTTP, spaces and tabs around a header value are not part of the value, and servers
// join the values of repeated headers. Any other space character is part of the value.
func TestSignatureCoversHeadersAsReceived(t *testing.T) {
	for name, test := range map[string]struct {
		values []string
		want   string
	}{
		"one value":                      {values: []string{"a"}, want: "a"},
		"spaces and tabs around a value": {values: []string{" \ta b\t "}, want: "a b"},
		"two values":                     {values: []string{"a", "b"}, want: "a, b"},
		"three values, spaces and tabs":  {values: []string{" a\t", "\tb ", " c"}, want: "a, b, c"},
		"three values, one empty":        {values: []string{"a", " ", "b"}, want: "a, , b"},
		"Unicode spaces around a value":  {values: []string{"\u00a0a\u2003"}, want: "\u00a0a\u2003"},
		"two values, Unicode spaces":     {values: []string{"\u00a0a ", "b\u3000"}, want: "\u00a0a, b\u3000"},
	} {
		t.Run(name, func(t *testing.T) {
			var received []string
			server := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
				received = r.Header["Idempotency-Key"]
			})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header["Idempotency-Key"] = test.values
			base := sign(t, testKey(t), req)
			if got, _ := lineOf(base, "idempotency-key"); got != test.want {
				t.Errorf("the signature base has the idempotency-key %q, want %q", got, test.want)
			}
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(received, ", "); got != test.want {
				t.Errorf("the server received the idempotency-key %q, want %q", got, test.want)
			}
		})
	}
}

// net/http sends a request with an empty method as a GET, so the signature covers GET.
func TestSignatureCoversTheMethodAsSent(t *testing.T) {
	req := &http.Request{URL: &url.URL{Scheme: "https", Host: "upvest.test", Path: "/a"}}
	base := sign(t, testKey(t), req)
	if got, _ := lineOf(base, "@method"); got != http.MethodGet {
		t.Errorf("the signature covers the @method %q, want GET", got)
	}
	if req.Header.Get("signature") == "" {
		t.Error("a request without headers has no signature after Sign, want one")
	}
}

func TestSignRefusesNilRequestsAndNilSigners(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range []*http.Request{nil, {}} {
		requireText(t, signer.Sign(t.Context(), req), "sign the request: it is nil or has no URL")
	}
	var none *upvest.Signer
	req := documentedRequest(t)
	requireText(t, none.Sign(t.Context(), req), "sign the request: the signer is nil")
	requireText(t, new(upvest.Signer).Sign(t.Context(), req), "sign the request: the signer is nil")
	requireText(t, upvest.SignatureEditor(none)(t.Context(), req), "the signer is nil")
	if text := fmt.Sprint(req.Header); strings.Contains(text, "Signature") {
		t.Errorf("the headers are %s, want no signature", text)
	}
}
