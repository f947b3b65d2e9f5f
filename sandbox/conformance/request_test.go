package conformance_test

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// caller is an API client that builds its requests byte by byte.
type caller struct {
	address  string
	clientID string
	secret   string
	keyID    string
	key      crypto.Signer
	token    string
	// now returns the time for the signature parameters `created` and `expires`.
	now func() time.Time
	// secure selects TLS.
	secure bool
	// scopes are the scopes of the token.
	scopes []string
}

// request is an HTTP request, valid or invalid, that the caller sends unchanged.
type request struct {
	method, path, query string
	headers             []header
	body                string

	// These fields are the input of the signature. build fills in the lists, and tests
	// may change the lists before they call sign.
	label      string
	components []string
	parameters []string
	signer     func(base string) []byte
	caller     *caller
}

type header struct{ name, value string }

// build returns a request with valid headers, ready to be signed. It does not check
// whether the target and the body are valid.
func (c *caller) build(method, target, contentType, body string) *request {
	path, query, _ := strings.Cut(target, "?")
	r := &request{
		method: method, path: path, query: query, body: body, caller: c, label: "sig1", signer: c.sign,
	}
	r.set("host", c.address)
	r.set("upvest-client-id", c.clientID)
	r.set("upvest-api-version", "1")
	r.set("upvest-signature-version", "15")
	r.set("accept", "application/json")
	r.components = []string{"@method", "@path"}
	if query != "" {
		r.components = append(r.components, "@query")
	}
	r.components = append(r.components, "accept")
	if c.token != "" && path != "/auth/token" {
		r.set("authorization", "Bearer "+c.token)
		r.components = append(r.components, "authorization")
	}
	if body != "" {
		r.set("content-type", contentType)
		r.setBody(body)
		r.components = append(r.components, "content-length", "content-type", "content-digest")
	}
	r.components = append(r.components, "upvest-client-id", "upvest-api-version")
	if method == "POST" && path != "/auth/token" || method == "PATCH" {
		r.setKey(uuid.NewString())
	}
	r.parameters = []string{
		`keyid="` + c.keyID + `"`,
		"created=" + strconv.FormatInt(c.now().Unix(), 10),
		"expires=" + strconv.FormatInt(c.now().Unix()+60, 10),
		`nonce="` + nonce() + `"`,
	}
	return r
}

// get returns a read that succeeds on a fresh sandbox.
func (c *caller) get() *request { return c.build("GET", "/portfolios/allocations", "", "") }

// post returns a write that succeeds on a fresh sandbox.
func (c *caller) post() *request {
	return c.build("POST", "/portfolios/allocations", "application/json", allocationBody)
}

const allocationBody = `{"name":"World","allocation":[` +
	`{"instrument_id":"IE00B0M62Q58","instrument_id_type":"ISIN","weight":"0.7"},` +
	`{"instrument_id":"US0378331005","instrument_id_type":"ISIN","weight":"0.3"}]}`

// tokenRequest returns a request for a token, with all its form fields.
func (c *caller) tokenRequest(scopes string) *request {
	return c.build("POST", "/auth/token", "application/x-www-form-urlencoded", c.form(scopes).Encode())
}

func (c *caller) form(scopes string) url.Values {
	return url.Values{
		"client_id": {c.clientID}, "client_secret": {c.secret}, "grant_type": {"client_credentials"},
		"scope": {scopes},
	}
}

// login requests a token and stores it in the caller.
func (c *caller) login(t testing.TB, scopes string) {
	t.Helper()
	got := c.send(t, c.tokenRequest(scopes).sign())
	var granted struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	if err := json.Unmarshal(got.body, &granted); err != nil || granted.AccessToken == "" {
		t.Fatalf("the token request got %d %s, want a token", got.status, got.body)
	}
	c.token = granted.AccessToken
	c.scopes = strings.Fields(granted.Scope)
}

func (r *request) set(name, value string) {
	r.remove(name)
	r.headers = append(r.headers, header{name, value})
}

func (r *request) remove(name string) {
	r.headers = slices.DeleteFunc(r.headers, func(h header) bool { return h.name == name })
}

func (r *request) get(name string) string {
	var values []string
	for _, h := range r.headers {
		if h.name == name {
			values = append(values, strings.Trim(h.value, " \t"))
		}
	}
	return strings.Join(values, ", ")
}

// setBody sets the body, and sets content-length and content-digest to match the body.
func (r *request) setBody(body string) {
	r.body = body
	sum := sha512.Sum512([]byte(body))
	r.set("content-length", strconv.Itoa(len(body)))
	r.set("content-digest", "sha-512=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
}

func (r *request) setKey(key string) {
	r.set("idempotency-key", key)
	if !slices.Contains(r.components, "idempotency-key") {
		r.components = append(r.components, "idempotency-key")
	}
}

// setParameter sets a parameter of the signature. It replaces an existing parameter of
// the same name.
func (r *request) setParameter(name, value string) {
	r.removeParameter(name)
	r.parameters = append(r.parameters, name+"="+value)
}

func (r *request) removeParameter(name string) {
	r.parameters = slices.DeleteFunc(r.parameters,
		func(p string) bool { return strings.HasPrefix(p, name+"=") })
}

func (r *request) cover(name string) { r.components = append(r.components, name) }

func (r *request) uncover(name string) {
	r.components = slices.DeleteFunc(r.components, func(c string) bool { return c == name })
}

// base returns the signature base that Upvest documents for the request.
func (r *request) base() string {
	var lines []string
	for _, name := range r.components {
		value := r.get(name)
		switch name {
		case "@method":
			value = r.method
		case "@path":
			value = r.path
		case "@query":
			value = "?" + r.query
		}
		lines = append(lines, `"`+name+`": `+value)
	}
	return strings.Join(append(lines, `"@signature-params": `+r.input()), "\n")
}

func (r *request) input() string {
	list := `()`
	if len(r.components) > 0 {
		list = `("` + strings.Join(r.components, `" "`) + `")`
	}
	return strings.Join(append([]string{list}, r.parameters...), ";")
}

// sign adds the headers signature-input and signature. If a covered part of the request
// changes afterwards, the signature is invalid.
func (r *request) sign() *request {
	r.set("signature-input", r.label+"="+r.input())
	r.set("signature", r.label+"=:"+base64.StdEncoding.EncodeToString(r.signer(r.base()))+":")
	return r
}

// sign signs the base as Upvest documents it: Ed25519 signs the base itself, and ECDSA
// signs the SHA-512 digest of the base. ECDSA signatures are encoded as ASN.1 DER.
func (c *caller) sign(base string) []byte {
	switch key := c.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(base))
	case *ecdsa.PrivateKey:
		sum := sha512.Sum512([]byte(base))
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		return signature
	default:
		panic(fmt.Sprintf("cannot sign with a key of the type %T", key))
	}
}

// bytes returns the request in the form in which it is sent.
func (r *request) bytes() []byte {
	var out bytes.Buffer
	target := r.path
	if r.query != "" {
		target += "?" + r.query
	}
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\n", r.method, target)
	for _, h := range r.headers {
		fmt.Fprintf(&out, "%s: %s\r\n", h.name, h.value)
	}
	fmt.Fprintf(&out, "\r\n%s", r.body)
	return out.Bytes()
}

// response is what the caller received.
type response struct {
	status int
	header http.Header
	body   []byte
	// failed is the reason why the response could not be read completely. The other
	// fields contain what was received before the failure.
	failed error
}

// problem is the body of an error response.
type problem struct {
	Type          string `json:"type"`
	Status        int    `json:"status"`
	Title         string `json:"title"`
	Detail        string `json:"detail"`
	RequestID     string `json:"request_id"`
	SignatureBase string `json:"signature_base"`
}

func (a response) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("got %d %s, want a problem in JSON: %v", a.status, a.body, err)
	}
	return p
}

// object returns the JSON object in the body of a successful response.
func (a response) object(t testing.TB) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(a.body, &o); err != nil || a.status != http.StatusOK {
		t.Fatalf("got %d %s with the error %v, want 200 with a JSON object", a.status, a.body, err)
	}
	return o
}

// try sends a request on a new connection.
func (c *caller) try(t testing.TB, r *request) response {
	t.Helper()
	connection, err := c.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write(r.bytes()); err != nil {
		return response{failed: err}
	}
	return read(connection, r.method)
}

func (c *caller) dial() (net.Conn, error) {
	if !c.secure {
		return net.Dial("tcp", c.address)
	}
	return tls.Dial("tcp", withPort(c.address), &tls.Config{MinVersion: tls.VersionTLS12})
}

// withPort adds the port of https to an address without a port.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, "443")
}

func read(connection net.Conn, method string) response {
	received, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		return response{failed: err}
	}
	defer received.Body.Close()
	body, err := io.ReadAll(received.Body)
	return response{status: received.StatusCode, header: received.Header, body: body, failed: err}
}

// send sends a request and fails the test unless a complete response arrives.
func (c *caller) send(t testing.TB, r *request) response {
	t.Helper()
	a := c.try(t, r)
	if a.failed != nil {
		t.Fatalf("%s %s failed with the error %v, want a complete response", r.method, r.path, a.failed)
	}
	return a
}

func nonce() string {
	random := make([]byte, 12)
	_, _ = rand.Read(random)
	return hex.EncodeToString(random)
}
