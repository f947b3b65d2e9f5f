package suites_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// formatCase is a case of the JSON Schema Test Suite with a string.
type formatCase struct {
	description string
	text        string
	isValid     bool
}

// formatCases returns the cases of a file whose value is a string. A format applies only
// to strings.
func formatCases(t *testing.T, file string) []formatCase {
	t.Helper()
	var groups []struct {
		Tests []struct {
			Description string
			Data        any
			Valid       bool
		}
	}
	readJSON(t, filepath.Join(suite(t, "JSON-Schema-Test-Suite"), file), &groups)
	var cases []formatCase
	for _, group := range groups {
		for _, test := range group.Tests {
			text, ok := test.Data.(string)
			if !ok {
				continue
			}
			c := formatCase{description: test.Description, text: text, isValid: test.Valid}
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		t.Fatalf("%s has no case with a string", file)
	}
	return cases
}

// addFormat adds a case. The string must be accepted if and only if it is valid.
func (r *run) addFormat(c formatCase, place string, accepted bool, why string) {
	id := strings.TrimSpace(c.description + " " + place)
	switch {
	case accepted == c.isValid:
		r.add(id, "")
	case accepted:
		r.add(id, fmt.Sprintf("%q is accepted", c.text))
	default:
		r.add(id, fmt.Sprintf("%q is refused: %s", c.text, why))
	}
}

// TestUUIDsInSandbox sends each string as a filter and as a field of a body.
func TestUUIDsInSandbox(t *testing.T) {
	r := newRun("UUIDs in the sandbox")
	p := newPeer(t)
	for _, c := range formatCases(t, "uuid.json") {
		filter := "/portfolios/orders?account_id=" + url.QueryEscape(c.text)
		got := p.send(t, p.request(t, http.MethodGet, filter, nil), unchanged)
		r.addFormat(c, "as filter", got.status != http.StatusBadRequest, got.detail)
		body := fmt.Sprintf(`{"user_id": %q, "account_id": %s, "cash_amount": "1", `+
			`"currency": "EUR", "side": "BUY"}`, orderID, quoted(t, c.text))
		got = p.send(t, p.request(t, http.MethodPost, "/portfolios/orders", []byte(body)), unchanged)
		r.addFormat(c, "as field", got.status != http.StatusBadRequest, got.detail)
	}
	r.compare(t)
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// TestTimesInSandbox sends each string as a filter.
func TestTimesInSandbox(t *testing.T) {
	r := newRun("times in the sandbox")
	p := newPeer(t)
	for _, c := range formatCases(t, "date-time.json") {
		filter := "/portfolios/orders?start_date=" + url.QueryEscape(c.text)
		got := p.send(t, p.request(t, http.MethodGet, filter, nil), unchanged)
		r.addFormat(c, "", got.status != http.StatusBadRequest, got.detail)
	}
	r.compare(t)
}

// TestTimesInClient decodes an order with each string as its time of creation.
func TestTimesInClient(t *testing.T) {
	r := newRun("times in the client")
	for _, c := range formatCases(t, "date-time.json") {
		created := `"created_at": ` + quoted(t, c.text)
		body := strings.Replace(orderBody, `"created_at": "2021-07-21T14:10:00Z"`, created, 1)
		_, _, err := reply{status: 200, contentType: "application/json", body: []byte(body)}.retrieve(t)
		why := ""
		if err != nil {
			why = strconv.Quote(err.Error())
		}
		r.addFormat(c, "", err == nil, why)
	}
	r.compare(t)
}
