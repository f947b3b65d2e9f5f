package wrapper_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wire is a request as the client sends it.
type wire struct {
	method, uri, host string
	header            http.Header // includes content-length
	body              []byte
}

// wireOf reads a request inside a transport, before net/http sends it. net/http takes the
// values of content-length and host from the fields of the request, not from its header.
func wireOf(req *http.Request) (wire, error) {
	w := wire{
		method: req.Method,
		uri:    req.URL.RequestURI(),
		host:   req.URL.Host,
		header: req.Header.Clone(),
	}
	if req.Body == nil {
		return w, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return w, fmt.Errorf("read the body of the request: %w", err)
	}
	w.body = body
	if req.ContentLength != int64(len(w.body)) {
		return w, fmt.Errorf("the request has the content-length %d, want %d", req.ContentLength, len(w.body))
	}
	if len(w.body) > 0 {
		w.header.Set("Content-Length", strconv.Itoa(len(w.body)))
	}
	return w, nil
}

// wireReceived reads a request that a server received.
func wireReceived(t testing.TB, req *http.Request) wire {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Errorf("cannot read the body of %s %s: %v", req.Method, req.URL, err)
	}
	return wire{method: req.Method, uri: req.RequestURI, host: req.Host, header: req.Header, body: body}
}

var ownVersion = regexp.MustCompile(`(upvest-portfolios-go/)\S+`)

// String returns the request in the syntax of HTTP/1.1, with sorted header fields. It
// replaces the version of this client with VERSION.
func (w wire) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\nHost: %s\n", w.method, w.uri, w.host)
	for _, name := range slices.Sorted(maps.Keys(w.header)) {
		for _, value := range w.header[name] {
			if name == "User-Agent" {
				value = ownVersion.ReplaceAllString(value, "${1}VERSION")
			}
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&text, "\n%s", w.body)
	return text.String()
}

// parseWire reads a request from the text that String returns.
func parseWire(t *testing.T, text []byte) wire {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	w := wireReceived(t, req)
	if req.ContentLength > 0 {
		w.header.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	}
	return w
}

// signatureInput captures, in this order, all parameters together, the components, keyid,
// created, expires and nonce.
var signatureInput = regexp.MustCompile(
	`^sig1=(\(([^()]*)\);keyid="([^"]+)";created=([0-9]+);expires=([0-9]+);nonce="([^"]+)")$`)

// requireSigned rebuilds the signature base from a request, and verifies the signature
// and the digest. It returns the components that the signature covers.
func requireSigned(t *testing.T, w wire, key ed25519.PublicKey) []string {
	t.Helper()
	input := signatureInput.FindStringSubmatch(w.header.Get("Signature-Input"))
	if input == nil {
		t.Fatalf("the header signature-input is malformed: %q", w.header.Get("Signature-Input"))
	}
	var base strings.Builder
	var covered []string
	for quoted := range strings.FieldsSeq(input[2]) {
		name := strings.Trim(quoted, `"`)
		covered = append(covered, name)
		value := componentOf(w, name)
		if value == "" {
			t.Errorf("the signature covers %s, but the request does not contain that component", name)
		}
		base.WriteString(quoted + ": " + value + "\n")
	}
	base.WriteString(`"@signature-params": ` + input[1])
	encoded := strings.TrimSuffix(strings.TrimPrefix(w.header.Get("Signature"), "sig1=:"), ":")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !ed25519.Verify(key, []byte(base.String()), signature) {
		t.Errorf("the signature %q does not match this signature base (error: %v):\n%s",
			encoded, err, base.String())
	}
	if got := w.header.Get("Upvest-Signature-Version"); got != "15" {
		t.Errorf("the header upvest-signature-version is %q, want \"15\"", got)
	}
	if len(w.body) > 0 {
		digest := sha512.Sum512(w.body)
		want := "sha-512=:" + base64.StdEncoding.EncodeToString(digest[:]) + ":"
		if got := w.header.Get("Content-Digest"); got != want {
			t.Errorf("the header content-digest is %q, want %q", got, want)
		}
	}
	return covered
}

// componentOf returns the value of a component of the signature base. It returns "" if
// the request does not have the component.
func componentOf(w wire, name string) string {
	path, query, hasQuery := strings.Cut(w.uri, "?")
	switch name {
	case "@method":
		return w.method
	case "@path":
		return path
	case "@query":
		if !hasQuery {
			return ""
		}
		return "?" + query
	}
	return w.header.Get(name)
}

// mustCover returns the components that the signature of a request must cover: those that
// Upvest requires, and the headers date and accept-language, which some tests add.
func mustCover(w wire) []string {
	components := []string{"@method", "@path"}
	if strings.Contains(w.uri, "?") {
		components = append(components, "@query")
	}
	for _, name := range []string{
		"accept", "authorization", "content-length", "content-type", "content-digest",
		"idempotency-key", "upvest-client-id", "upvest-api-version",
		"date", "accept-language",
	} {
		if w.header.Get(name) != "" {
			components = append(components, name)
		}
	}
	return components
}

// wireLog records requests in the order in which they are sent. It is not safe for
// concurrent use.
type wireLog []wire

// over returns a transport that records each request and passes it to next.
func (l *wireLog) over(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		w, err := wireOf(req)
		if err != nil {
			return nil, err
		}
		*l = append(*l, w)
		return next(req)
	}
}

func (l *wireLog) last() wire { return (*l)[len(*l)-1] }

// signatureParameters holds three of the parameters in the header signature-input.
type signatureParameters struct {
	created, expires time.Time
	nonce            string
}

// signatureOf reads the parameters from signature-input. If they are invalid, signatureOf
// reports an error without ending the test, so transports and handlers may call it.
func signatureOf(t testing.TB, req *http.Request) signatureParameters {
	t.Helper()
	input := signatureInput.FindStringSubmatch(req.Header.Get("Signature-Input"))
	if input == nil {
		t.Errorf("the header signature-input of %s %s is malformed: %q",
			req.Method, req.URL, req.Header.Get("Signature-Input"))
		return signatureParameters{}
	}
	created, createdErr := strconv.ParseInt(input[4], 10, 64)
	expires, expiresErr := strconv.ParseInt(input[5], 10, 64)
	if err := errors.Join(createdErr, expiresErr); err != nil {
		t.Errorf("the header signature-input %q has invalid times: %v", input[0], err)
	}
	return signatureParameters{
		created: time.Unix(created, 0),
		expires: time.Unix(expires, 0),
		nonce:   input[6],
	}
}
