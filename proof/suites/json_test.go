package suites_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// jsonCase is a file of JSONTestSuite.
type jsonCase struct {
	name string
	text []byte
}

// isValid reports whether a parser must accept the text, and isInvalid reports whether a
// parser must refuse the text. Both methods read the name of the file. If both methods
// return false, a parser may accept or refuse the text.
func (c jsonCase) isValid() bool   { return strings.HasPrefix(c.name, "y_") }
func (c jsonCase) isInvalid() bool { return strings.HasPrefix(c.name, "n_") }

// inside returns the JSON object with an additional field x, whose value is the text.
func (c jsonCase) inside(object string) []byte {
	return []byte(strings.TrimSuffix(object, "}") + `, "x": ` + string(c.text) + "}")
}

func jsonCases(t *testing.T) []jsonCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(suite(t, "JSONTestSuite"), "test_parsing", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files in JSONTestSuite (error %v), want at least 1", len(files), err)
	}
	cases := make([]jsonCase, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases[i] = jsonCase{name: filepath.Base(file), text: text}
	}
	return cases
}

const allocationBody = `{"name": "Allocation 1", "allocation": [` +
	`{"instrument_id": "IE00B0M62Q58", "instrument_id_type": "ISIN", "weight": "1"}]}`

// TestJSONInSandbox sends each text of the suite to the sandbox twice: as the body of a
// POST, and as the value of a field that is not in the contract. The sandbox must report
// invalid JSON for each text that is not JSON, and for no text that is JSON. It must
// accept the request if the value of the field is JSON.
func TestJSONInSandbox(t *testing.T) {
	invalid := newRun("invalid JSON in the sandbox")
	valid := newRun("valid JSON in the sandbox")
	p := newPeer(t)
	for _, c := range jsonCases(t) {
		for place, body := range map[string][]byte{"body": c.text, "field": c.inside(allocationBody)} {
			got := p.send(t, p.request(t, http.MethodPost, "/portfolios/allocations", body), unchanged)
			id := c.name + " as " + place
			switch {
			case got.status != http.StatusOK && got.status != http.StatusBadRequest:
				t.Errorf("%s: got the status %d with the detail %q, want the status 200 or 400",
					id, got.status, got.detail)
			case c.isInvalid():
				invalid.add(id, differsIf(!isNotJSON(got), got))
			case c.isValid():
				isRefused := isNotJSON(got) || place == "field" && got.status != http.StatusOK
				valid.add(id, differsIf(isRefused, got))
			}
		}
	}
	invalid.compare(t)
	valid.compare(t)
}

// isNotJSON reports whether the sandbox refused a body because the body is not JSON, or
// because a name appears twice in an object.
func isNotJSON(got outcome) bool {
	isNamed := strings.Contains(got.detail, "not one valid JSON value") ||
		strings.Contains(got.detail, "appears twice")
	return got.status == http.StatusBadRequest && isNamed
}

func differsIf(wrong bool, got outcome) string {
	switch {
	case !wrong:
		return ""
	case got.detail == "":
		return http.StatusText(got.status)
	}
	return got.detail
}
