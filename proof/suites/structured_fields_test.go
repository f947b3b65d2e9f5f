package suites_test

import (
	"crypto/ed25519"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// fieldCase is a case of structured-field-tests.
type fieldCase struct {
	Name       string
	Raw        []string
	HeaderType string `json:"header_type"`
	Expected   []any
	Canonical  []string
	MustFail   bool `json:"must_fail"`
	CanFail    bool `json:"can_fail"`
}

// fieldCases calls the function `visit` for each case in each file of the suite. The
// argument `id` consists of the name of the file and the name of the case.
func fieldCases(t *testing.T, visit func(id string, c fieldCase)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(suite(t, "structured-field-tests"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files in structured-field-tests (error %v), want at least 1", len(files), err)
	}
	for _, file := range files {
		var cases []fieldCase
		readJSON(t, file, &cases)
		for _, c := range cases {
			visit(filepath.Base(file)+", "+c.Name, c)
		}
	}
}

// TestStructuredFieldsInSandbox sends the items of the suite, and its dictionaries with
// at most three members, in the header Signature-Input of a request with a valid
// signature. A dictionary becomes additional lines of the header. An item becomes the
// value of a member x that the test adds to the header. The sandbox must refuse the
// request if the case is invalid. If the case is valid, the sandbox must accept the
// request, because it ignores members of Signature-Input that have no signature. If a
// parser may refuse a valid case, the case always holds.
func TestStructuredFieldsInSandbox(t *testing.T) {
	r := newRun("structured fields in the sandbox")
	p := newPeer(t)
	fieldCases(t, func(id string, c fieldCase) {
		if c.HeaderType == "list" || hasTooManyMembers(c) {
			return
		}
		request := p.request(t, http.MethodGet, "/portfolios/orders", nil)
		got := p.send(t, request, func(head string) string { return withField(head, c) })
		accepted := got.status == http.StatusOK
		switch {
		case c.CanFail:
			r.add(id, "")
		case accepted == c.MustFail && accepted:
			r.add(id, "the sandbox accepted the field, want an error")
		case accepted == c.MustFail:
			r.add(id, "the sandbox refused the field, want no error: "+got.detail)
		default:
			r.add(id, "")
		}
	})
	r.compare(t)
}

// hasTooManyMembers reports whether a case is a dictionary with more than three members.
// The sandbox accepts at most four members, and one of the four is the request's
// signature.
func hasTooManyMembers(c fieldCase) bool { return c.HeaderType == "dictionary" && len(c.Expected) > 3 }

// withField adds the field of a case to the header Signature-Input in the head of a
// request.
func withField(head string, c fieldCase) string {
	const name = "Signature-Input: "
	before, rest, _ := strings.Cut(head, name)
	signed, after, _ := strings.Cut(rest, "\r\n")
	field := name + signed
	if c.HeaderType == "item" {
		// Spaces may surround an item, but not the value of a member.
		field += ", x=" + strings.Trim(strings.Join(c.Raw, ", "), " ")
	}
	field += "\r\n"
	if c.HeaderType == "dictionary" {
		for _, line := range c.Raw {
			if line != "" { // an empty line would end the dictionary with a comma
				field += name + line + "\r\n"
			}
		}
	}
	return before + field + after
}

// TestStructuredFieldsInClient signs one request for each valid string of the suite, with
// the string as the key id. The client must send the canonical form of the string.
func TestStructuredFieldsInClient(t *testing.T) {
	r := newRun("structured fields in the client")
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	fieldCases(t, func(id string, c fieldCase) {
		if !strings.HasPrefix(id, "string") || c.MustFail || c.CanFail || c.HeaderType != "item" {
			return
		}
		keyID, _ := c.Expected[0].(string)
		r.add(id, signWith(t, key, keyID))
	})
	r.compare(t)
}

// signWith signs a request with a key id. It returns an empty string if the header
// Signature-Input contains the canonical form of the key id, and otherwise describes what
// went wrong.
func signWith(t *testing.T, key ed25519.PrivateKey, keyID string) string {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: keyID, PrivateKey: key})
	if err != nil {
		return "the client refused the key id: " + err.Error()
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://host/path", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	if err := signer.Sign(t.Context(), request); err != nil {
		return "the client could not sign the request: " + err.Error()
	}
	input := request.Header.Get("Signature-Input")
	want, err := httpsfv.Marshal(httpsfv.NewItem(keyID))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(input, ";keyid="+want+";") {
		return "the client did not send the canonical form of the key id: " + input
	}
	return ""
}
