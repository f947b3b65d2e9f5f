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

// formatCase is a case of the JSON Schema Test Suite that tests a string.
type formatCase struct {
	description string
	text        string
	isValid     bool
}

// formatCases returns the cases of a file that test a string. It omits all other cases,
// because a format applies only to strings.
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
		t.Fatalf("%s has no case that tests a string, want at least one", file)
	}
	return cases
}

// addFormat adds a case to the run. The case holds if its string is valid and was
// accepted, or is invalid and was refused.
func (r *run) addFormat(c formatCase, place string, accepted bool, why string) {
	id := strings.TrimSpace(c.description + " " + place)
	switch {
	case accepted == c.isValid:
		r.add(id, "")
	case accepted:
		r.add(id, fmt.Sprintf("%q was accepted, want an error", c.text))
	default:
		r.add(id, fmt.Sprintf("%q was refused, want no error: %s", c.text, why))
	}
}

// TestUUIDsInSandbox sends each string of the suite to the sandbox twice: as the value of
// a filter for a list, and as the value of a field in the body of an order.
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

// TestTimesInSandbox sends each string of the suite to the sandbox as the value of a
// filter for a list.
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

// TestTimesInClient sends orders to the client, each with a string of the suite as its
// time of creation.
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
