package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/api"
)

func TestUnknownReturnsItsFields(t *testing.T) {
	unknown := api.Unknown(`{"b": 1, "a": "1","\u0063": {"x": [1, "}"]}, "b": 2}`)
	names := unknown.Names()
	if !slices.Equal(names, []string{"b", "a", "c"}) {
		t.Errorf("Names returned %q, want b, a and c: each name once, in the order of the text", names)
	}
	for name, want := range map[string]string{
		"a": `"1"`, "b": "2", "c": `{"x": [1, "}"]}`, "A": "", "d": "",
	} {
		if raw := unknown.Raw(name); string(raw) != want {
			t.Errorf("Raw(%q) returned %q, want %q, the last value with that name", name, raw, want)
		}
	}
	var fields struct {
		A string
		B int    `json:"b"`
		C string `json:"a"`
	}
	if err := unknown.Decode(&fields); err != nil || fields.A != "" || fields.B != 2 || fields.C != "1" {
		t.Errorf("Decode set %+v and returned the error %v, want 2 in B, 1 in C, nothing in A and no error",
			fields, err)
	}
}

func TestUnknownWithoutFields(t *testing.T) {
	var unknown api.Unknown
	value := map[string]string{"kept": "as it was"}
	if err := unknown.Decode(&value); err != nil || len(value) != 1 {
		t.Errorf("Decode left the map %v and returned the error %v, want the map unchanged and no error",
			value, err)
	}
	if names, raw := unknown.Names(), unknown.Raw(""); names != nil || raw != nil {
		t.Errorf("Names returned %q and Raw returned %q, want nil from each of them", names, raw)
	}
}

// TestUnknownErrorsDoNotQuoteValues requires that errors do not quote values, because
// values may be personal data of customers.
func TestUnknownErrorsDoNotQuoteValues(t *testing.T) {
	var fields struct {
		Reference struct {
			Number int `json:"number"`
		} `json:"reference"`
	}
	err := api.Unknown(`{"reference": {"number": "CANARY"}}`).Decode(&fields)
	if err == nil || !strings.Contains(err.Error(), `"/reference/number"`) ||
		strings.Contains(err.Error(), "CANARY") {
		t.Errorf("Decode returned the error %v, want an error that names the field and does not quote its "+
			"value", err)
	}
	err = api.Unknown(`{"a": 1}`).Decode(nil)
	if err == nil || !strings.Contains(err.Error(), "value is nil") {
		t.Errorf("Decode(nil) returned the error %v, want one that names the missing value", err)
	}
	for _, text := range []api.Unknown{"CANARY", `{"CANARY": `, `["CANARY"]`, `{"a": 1,`} {
		var all map[string]json.RawMessage
		if err := text.Decode(&all); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("Decode of %q returned the error %v, want an error that does not quote the text",
				text, err)
		}
		text.Names() // must not panic
	}
}
