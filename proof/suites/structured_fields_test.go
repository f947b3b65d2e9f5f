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

// fieldCases calls the function visit for each case of all files. The id consists of the
// file and the name of the case.
func fieldCases(t *testing.T, visit func(id string, c fieldCase)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(suite(t, "structured-field-tests"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("structured-field-tests has no files: %v", err)
	}
	for _, file := range files {
		var cases []fieldCase
		readJSON(t, file, &cases)
		for _, c := range cases {
			visit(filepath.Base(file)+", "+c.Name, c)
		}
	}
}

// TestStructuredFieldsInSandbox sends each item and each dictionary of the suite in the
// header Signature-Input of a request with a valid signature. A dictionary becomes
// additional lines of the header. An item becomes the value of an additional member. The
// sandbox must accept valid fields, because it ignores members without a signature.
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
			r.add(id, "the sandbox accepts the field")
		case accepted == c.MustFail:
			r.add(id, "the sandbox refuses the field: "+got.detail)
		default:
			r.add(id, "")
		}
	})
	r.compare(t)
}

// hasTooManyMembers reports whether a dictionary has too many members. The sandbox
// accepts four, one of which is the signature.
func hasTooManyMembers(c fieldCase) bool { return c.HeaderType == "dictionary" && len(c.Expected) > 3 }

// withField adds a case to the header signature-input.
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
			if line != "" { // an empty line would add a comma at the end
				field += name + line + "\r\n"
			}
		}
	}
	return before + field + after
}

// TestStructuredFieldsInClient signs a request with each valid string as the key id. The
// client must send the canonical form of the string.
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

// signWith signs a request with a key id. It returns how the key id in the signature
// differs, or "".
func signWith(t *testing.T, key ed25519.PrivateKey, keyID string) string {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: keyID, PrivateKey: key})
	if err != nil {
		return "the client refuses the key id: " + err.Error()
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://host/path", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	if err := signer.Sign(t.Context(), request); err != nil {
		return "the client cannot sign the request: " + err.Error()
	}
	input := request.Header.Get("Signature-Input")
	want, err := httpsfv.Marshal(httpsfv.NewItem(keyID))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(input, ";keyid="+want+";") {
		return "the client sends the key id as " + input
	}
	return ""
}
