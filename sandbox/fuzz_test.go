package sandbox_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

const someAllocation = `{"allocation":[` +
	`{"instrument_id":"IE00B0M62Q58","instrument_id_type":"ISIN","weight":"1"}]}`

// FuzzSignature requires that the sandbox refuses random signature headers with 401 and a
// detail that begins with "Signature is incorrect".
func FuzzSignature(f *testing.F) {
	const components = `("@method" "@path" "accept" "authorization" "content-type" "content-length" ` +
		`"content-digest" "upvest-client-id")`
	const parameters = `;keyid="k";created=1767323045;expires=1767323105;nonce="n"`
	for _, input := range []string{
		"", "sig1=" + components + parameters,
		"a;b=1, sig1=" + components + parameters + `;alg="ed25519";tag=?1;x=1.50;y=:AA==:`,
		`sig1=();created=-1`, `sig1=("@method";bs "@method")`, `sig1=("@query" "@authority" "x-a")`,
		`sig1=(1 2.5 ?1 :AA==: tok)`,
	} {
		f.Add(input, "sig1=:"+strings.Repeat("A", 86)+"==:", "sha-512=:AA==:")
	}
	f.Add("sig1="+components+parameters, "sig1=:"+strings.Repeat("A", 86)+"==:", digestOf(someAllocation))
	f.Add(`sig1="`, `sig1=:AAAA`, `sha-512=AA`)
	s := fuzzed(f)
	f.Fuzz(func(t *testing.T, input, signature, digest string) {
		body := strings.NewReader(someAllocation)
		r := httptest.NewRequest(http.MethodPost, "/portfolios/allocations", body)
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Authorization", "Bearer none")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Digest", digest)
		r.Header.Set("Upvest-Client-Id", s.Client().ID.String())
		r.Header.Set("Upvest-Signature-Version", "15")
		r.Header.Set("Signature-Input", input)
		r.Header.Set("Signature", signature)
		w := serve(s, r)
		if w.Code != http.StatusUnauthorized ||
			!strings.HasPrefix(isProblem(t, w), "Signature is incorrect: ") {
			t.Errorf("got %d %s, want 401 and \"Signature is incorrect: \" with a reason", w.Code, w.Body)
		}
	})
}

// FuzzDigest requires that the sandbox accepts a signed digest only if the digest matches
// the body.
func FuzzDigest(f *testing.F) {
	good := digestOf(someAllocation)
	for _, digest := range []string{
		good, "sha-512=:AA==:", "sha-256=:AA==:, " + good, "sha-512", "md5=1", `"`,
	} {
		f.Add(digest)
	}
	s := fuzzed(f)
	token := login(f, s)
	f.Fuzz(func(t *testing.T, digest string) {
		if strings.ContainsAny(digest, "\r\n") {
			return // a header field cannot contain these characters
		}
		r := post(s, "/portfolios/allocations", "application/json", someAllocation)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Idempotency-Key", uuid.NewString())
		r.Header.Set("Content-Digest", digest)
		w := serve(s, signByHand(s, r, len(someAllocation)))
		if w.Code != http.StatusOK {
			isProblem(t, w)
			return
		}
		want := strings.Trim(strings.TrimPrefix(good, "sha-512="), ":=")
		if !strings.Contains(digest, want) {
			t.Errorf("the sandbox accepted the digest %q, which does not match the body", digest)
		}
	})
}

// FuzzTokenForm requires that the sandbox grants a token only for a form with the
// client's secret, and refuses every other form with 400 or 401.
func FuzzTokenForm(f *testing.F) {
	s := fuzzed(f, sandbox.WithSeed(1))
	c := s.Client()
	good := url.Values{
		"client_id": {c.ID.String()}, "client_secret": {c.Secret}, "grant_type": {"client_credentials"},
		"scope": {"portfolios:read portfolios:admin"},
	}.Encode()
	for _, form := range []string{
		good, "", "&&==", "client_id=%zz", strings.Replace(good, "client_", "x;", 1), good + "&scope=",
		strings.ToUpper(good),
	} {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, form string) {
		w := serve(s,
			signByHand(s, post(s, "/auth/token", "application/x-www-form-urlencoded", form), len(form)))
		if w.Code != http.StatusOK {
			isProblem(t, w)
			if w.Code != http.StatusBadRequest && w.Code != http.StatusUnauthorized {
				t.Errorf("got %d %s, want 200, 400 or 401", w.Code, w.Body)
			}
			return
		}
		values, err := url.ParseQuery(form)
		if err != nil || values.Get("client_secret") != c.Secret {
			t.Errorf("the sandbox granted a token for the form %q, which lacks the secret", form)
		}
	})
}

// FuzzRequest requires that, for every method, path, query, key and body, the response
// passes the check of WithResponseCheck and has a status below 500. It does not check
// responses of the control endpoint.
func FuzzRequest(f *testing.F) {
	const key = "f1150421-2e34-42b6-aae9-52ef157065b9"
	const id = "4b9732bd-7496-4e91-8a5f-6360479d7fed"
	f.Add("POST", "/portfolios/allocations", "", key, someAllocation)
	f.Add("POST", "/portfolios/allocations", "", "123456781234-4234-8123-123456789012", someAllocation)
	f.Add("POST", "/portfolios/configurations", "", key,
		`{"account_id":"`+id+`","allocation_id":"`+id+`","rebalancing_strategy_ids":[]}`)
	f.Add("POST", "/portfolios/orders", "", key,
		`{"user_id":"`+id+`","account_id":"`+id+`","cash_amount":".5","currency":"EUR",`+
			`"side":"BUY","post_tax":true}`)
	f.Add("POST", "/portfolios/rebalancings/executions", "", key, `{"accounts":["`+id+`"]}`)
	f.Add("POST", "/portfolios/"+id+"/liquidation_request", "", key,
		`{"user_id":"4b9732bd74964e91-8a5f-6360479d7fed"}`)
	f.Add("PATCH", "/portfolios/configurations/"+id, "", key, `{"allocation_id":"`+id+`"}`)
	f.Add("GET", "/portfolios/allocations",
		"limit=%zz&instrument_ids=IE00B0M62Q58&start_date=2022-10-14T00:00:00Z", "", "")
	f.Add("GET", "/portfolios/orders/%2F", "offset=-1;sort", "", "")
	s := fuzzed(f, sandbox.WithControl())
	token := login(f, s)
	f.Fuzz(func(t *testing.T, method, path, query, key, body string) {
		target := &url.URL{Path: path, RawQuery: query}
		if parsed, err := url.Parse(path); err == nil && parsed.Host == "" && parsed.RawQuery == "" {
			target.Path = parsed.Path
			target.RawPath = parsed.RawPath
		}
		r := post(s, "/", "application/json", body)
		r.Method = method
		r.URL = target
		r.Header.Set("Authorization", "Bearer "+token)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		w := serve(s, signByHand(s, r, len(body)))
		if strings.HasPrefix(path, "/_sandbox/") {
			return // FuzzControl tests these paths
		}
		if w.Code >= 400 {
			isProblem(t, w)
		}
		if w.Code >= 500 {
			t.Errorf("got %d %s, want a status below 500", w.Code, w.Body)
		}
	})
}

// FuzzControl requires that a 200 of the control endpoint has JSON as its body, except
// for the page and the OpenAPI document. Errors must be problems with a status below 500,
// and the sandbox must still grant tokens after each request.
func FuzzControl(f *testing.F) {
	for _, body := range []string{
		`{}`, `null`, `[]`, `{"status":503,"count":2}`,
		`{"header":{"Retry-After":"2","a\nb":"c"},"status":429}`, `{"body":"{","after":true}`,
		`{"reset":true,"delay":"1ms","body_delay":"-1h","date_skew":"1h"}`, `{"advance":"24h"}`,
		`{"set":"2026-01-02T03:04:05Z"}`,
		`{"set":"9999-12-31T23:59:59-23:59","advance":"2562047h"}`, `{"advance":"-2562047h47m16.854775807s"}`,
		`{"status":"x"}`,
	} {
		f.Add("POST", "faults", body)
		f.Add("POST", "clock", body)
	}
	f.Add("GET", "requests", "")
	f.Add("GET", "", "")
	f.Add("GET", "openapi.yaml", "")
	f.Add("DELETE", "tokens", "")
	s := fuzzed(f, sandbox.WithControl())
	f.Fuzz(func(t *testing.T, method, what, body string) {
		r := post(s, "/", "application/json", body)
		r.Method = method
		r.URL = &url.URL{Path: "/_sandbox/" + what}
		w := serve(s, r)
		switch {
		case w.Code >= 500:
			t.Errorf("got %d %s, want a status below 500", w.Code, w.Body)
		case w.Code >= 400:
			isProblem(t, w)
		case w.Code == http.StatusOK && what != "" && what != "openapi.yaml" && !json.Valid(w.Body.Bytes()):
			t.Errorf("got 200 with the body %q, want JSON", w.Body)
		}
		s.ClearFaults()
		if granted := serve(s, tokenRequest(s)); granted.Code != http.StatusOK {
			t.Errorf("the next token request returned %d %s, want 200", granted.Code, granted.Body)
		}
	})
}

func fuzzed(f *testing.F, options ...sandbox.Option) *sandbox.Sandbox {
	f.Helper()
	client, err := sandbox.NewClient()
	if err != nil {
		f.Fatal(err)
	}
	client.KeyID = "k"
	options = append(options, sandbox.WithClients(client), sandbox.WithoutListener(),
		sandbox.WithClock(sandbox.NewClock(start)),
		sandbox.WithMachineTime(machine),
		sandbox.WithResponseCheck(func(err error) { panic(err) }))
	s, err := sandbox.New(options...)
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// goNames matches the package names with which errors of Go's libraries begin.
var goNames = regexp.MustCompile(`\b(json|jsontext|strconv|http|url|time|runtime|uuid|errors|` +
	`openapi3|openapi3filter|contract|ledger|struct)[.:]`)

// isProblem checks that the response is a complete problem, and returns the detail.
func isProblem(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var p struct {
		Type, Detail string
		Status       int
		RequestID    string `json:"request_id"`
	}
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	if err := decoder.Decode(&p); err != nil || p.Type == "" || p.Detail == "" || p.Status != w.Code {
		t.Errorf("got %d %s, want a complete problem", w.Code, w.Body)
	}
	if p.RequestID == "" || p.RequestID != w.Header().Get("Upvest-Request-Id") {
		t.Errorf("the body has the request_id %q, but the header is %v, want the same request ID",
			p.RequestID, w.Header())
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("the content type of a problem is %q, want application/problem+json", got)
	}
	if goNames.MatchString(p.Detail) {
		t.Errorf("the detail is %q, want no package name from Go", p.Detail)
	}
	return p.Detail
}

func login(f *testing.F, s *sandbox.Sandbox) string {
	f.Helper()
	form := url.Values{
		"client_id": {s.Client().ID.String()}, "client_secret": {s.Client().Secret},
		"grant_type": {"client_credentials"},
		"scope":      {"portfolios:admin"},
	}.Encode()
	w := serve(s, signByHand(s, post(s, "/auth/token", "application/x-www-form-urlencoded", form), len(form)))
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &granted); err != nil || granted.AccessToken == "" {
		f.Fatalf("the token request returned %d %s, want a token", w.Code, w.Body)
	}
	return granted.AccessToken
}

// post returns a request with a body and without a signature.
func post(s *sandbox.Sandbox, path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Upvest-Client-Id", s.Client().ID.String())
	r.Header.Set("Upvest-Signature-Version", "15")
	if body != "" {
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Content-Digest", digestOf(body))
	}
	return r
}

func digestOf(body string) string {
	sum := sha512.Sum512([]byte(body))
	return "sha-512=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// signByHand adds the two signature headers as Upvest documents them, without this
// repository's signer.
func signByHand(s *sandbox.Sandbox, r *http.Request, length int) *http.Request {
	c := s.Client()
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var names, lines []string
	add := func(name, value string) {
		names = append(names, `"`+name+`"`)
		lines = append(lines, `"`+name+`": `+value)
	}
	add("@method", r.Method)
	add("@path", path)
	if r.URL.RawQuery != "" {
		add("@query", "?"+r.URL.RawQuery)
	}
	if length > 0 {
		add("content-length", strconv.Itoa(length))
	}
	for _, name := range []string{
		"accept", "authorization", "content-type", "content-digest", "idempotency-key", "upvest-client-id",
	} {
		if values := r.Header.Values(name); len(values) > 0 {
			add(name, strings.Trim(values[0], " \t"))
		}
	}
	now := machine().Unix()
	input := fmt.Sprintf("(%s);keyid=%q;created=%d;expires=%d;nonce=%q", strings.Join(names, " "), c.KeyID,
		now, now+60, uuid.NewString())
	base := strings.Join(append(lines, `"@signature-params": `+input), "\n")
	signature, err := c.PrivateKey.Sign(rand.Reader, []byte(base), crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Signature-Input", "sig1="+input)
	r.Header.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return r
}
